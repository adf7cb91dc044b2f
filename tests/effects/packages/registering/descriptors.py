class Meta(type):
    def __new__(cls, name, bases, namespace):
        __import__("used_by_" + name.lower())
        return super().__new__(cls, name, bases, namespace)


class Base:
    def __init_subclass__(cls, needs=None, **rest):
        super().__init_subclass__(**rest)
        if needs:
            __import__(needs)


class One(metaclass=Meta):
    pass


class Two(Base, needs="used_by_two"):
    pass


class Property:
    @property
    def value(self):
        import used_by_property

        return used_by_property


Property().value
