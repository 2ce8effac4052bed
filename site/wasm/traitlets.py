"""A stand-in for traitlets in the browser's Python: attributes with defaults, some synced."""

from copy import copy


class TraitType:
    """An attribute of a class that each object has a value of its own for."""

    default: object = None

    def __init__(self, *first, default_value: object = None, **_):
        # The elements' trait, as in List(Bytes()), says nothing that is needed here.
        plain = [value for value in first if not isinstance(value, TraitType)]
        self.first = plain[0] if plain else default_value
        self.metadata: dict[str, object] = {}

    def tag(self, **metadata) -> "TraitType":
        self.metadata.update(metadata)
        return self

    def __set_name__(self, owner: type, name: str) -> None:
        self.name = name

    def __get__(self, made, owner: type):
        if made is None:
            return self
        if self.name not in made.__dict__:
            made.__dict__[self.name] = copy(self.default if self.first is None else self.first)
        return made.__dict__[self.name]

    def __set__(self, made, value: object) -> None:
        made.__dict__[self.name] = value


class HasTraits:
    """A class with such attributes."""

    def __init__(self, **values):
        for name, value in values.items():
            setattr(self, name, value)

    def observe(self, listener, names: list[str]) -> None:
        """Answers are kept in a notebook's output, which a page has not."""

    def trait_names(self, **wanted) -> list[str]:
        """The names whose metadata are as wanted."""
        return [
            name
            for kind in reversed(type(self).__mro__)
            for name, trait in vars(kind).items()
            if isinstance(trait, TraitType) and wanted.items() <= trait.metadata.items()
        ]


class Unicode(TraitType):
    default = ""


class Bytes(TraitType):
    default = b""


class Bool(TraitType):
    default = False


class Int(TraitType):
    default = 0


class Float(TraitType):
    default = 0.0


class Dict(TraitType):
    default: dict = {}


class List(TraitType):
    default: list = []


class Any(TraitType):
    pass
