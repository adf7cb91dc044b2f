from lazy_import import lazy_import

heavy = lazy_import("heavy")
