class Base:
    backend = "base_backend"

    def __new__(cls, *arguments):
        __import__("by_new")
        return super().__new__(cls)

    def __init__(self):
        self.load()

    def load(self):
        import never

    @staticmethod
    def static(name):
        return __import__(name)

    @classmethod
    def build(cls):
        cls.static(cls.backend)
        return cls()


class Derived(Base):
    backend = "derived_backend"

    def load(self):
        import by_override

    def __getattr__(self, name):
        __import__("by_" + name)
        return None

    def __call__(self):
        import by_being_called


Derived.build().attribute
Derived()()
