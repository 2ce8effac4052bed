"""A patch: functions of the model replaced for one policy, as a reviewer's diff replaces them.

A Python function finds the names it uses in a dictionary, its globals. A patch gives copies of the
model's functions a dictionary of their own, in which the replaced names lead to the new functions.
So no global is changed, and two patches live side by side, in two threads too. State that the new
functions need is declared: a class of the model gets a subclass with one more attribute.

A patch's own function calls the one that it replaces by importing it under another name:
`from oomlab.model.oom import mark_oom_victim as linux_mark`.

What cannot be replaced this way is refused by name: a method, or a function that a method calls.
"""

import copy
import inspect
import sys
from collections.abc import Callable, Iterator, Mapping
from types import CodeType, FunctionType

from ..naming import nearest, short

# The kernel, what programs do, and the designs that no kernel had.
MODEL = ("oomlab.model.", "oomlab.scenarios.programs", "oomlab.scenarios.unmerged")
EXTENDED = ("kernel", "memcg", "mm", "signal", "task", "zone")  # what a kernel makes by class_of()
STARTED = {"user_mode", "kswapd"}  # methods hand these to Kernel.start(), which asks the patch


class Patch:
    """Functions by name, state by "class.attribute", kthreads by name. It never changes."""

    def __init__(
        self,
        base: str,
        functions: Mapping[str, FunctionType],
        state: Mapping[str, object] = {},
        kthreads: Mapping[str, FunctionType] = {},
    ):
        """`base` is the preset that is patched.

        ValueError, in one sentence, for what cannot be replaced or declared.
        """
        self.base = base
        model = model_functions()
        for name, function in functions.items():
            check_function(name, function, model)
        self.functions = dict(sorted(functions.items()))  # one order, one text
        self.state, self.kthreads = dict(state), dict(kthreads)
        self._replaced = {model[name]: new for name, new in functions.items()}
        self._copies: dict[FunctionType, FunctionType] = {}
        self._globals: dict[int, tuple[dict, dict]] = {}  # id -> (the original, its copy)
        self._classes = {cls: more_slots(cls, more) for cls, more in declared(state).items()}

    def bind(self, thing):
        """A function, or a program made of tuples of them, as this patch has it."""
        if isinstance(thing, tuple):
            return type(thing)(map(self.bind, thing)) if type(thing) is tuple else thing
        if not isinstance(thing, FunctionType):
            return thing
        return self.copy_of(self._replaced.get(thing, thing))

    def copy_of(self, thing: FunctionType) -> FunctionType:
        """The function itself, not what replaces it, with globals of this patch."""
        if thing not in self._copies:
            known = self.globals_of(thing)
            if thing in self._copies:  # made while its globals were
                return self._copies[thing]
            new = FunctionType(
                thing.__code__, known, thing.__name__, thing.__defaults__, thing.__closure__
            )
            new.__kwdefaults__, new.__qualname__ = thing.__kwdefaults__, thing.__qualname__
            new.__module__, new.__doc__ = thing.__module__, thing.__doc__
            self._copies[thing] = new
        return self._copies[thing]

    def globals_of(self, function: FunctionType) -> dict:
        """The copy of a function's globals in which all functions are this patch's own."""
        old = function.__globals__
        if id(old) not in self._globals:
            new = dict(old)
            self._globals[id(old)] = old, new
            mine = [*self.functions.values(), *self.kthreads.values()]
            own = {id(old), *(id(f.__globals__) for f in mine)}
            for name, value in old.items():
                if isinstance(value, FunctionType):
                    if value in self._replaced and name != value.__name__:
                        new[name] = self.copy_of(value)  # imported "as": the one that is replaced
                    elif in_model(value) or id(value.__globals__) in own:
                        new[name] = self.bind(value)
        return self._globals[id(old)][1]

    def class_of(self, cls: type) -> type:
        """The class to make objects of: `cls`, or its subclass with the declared state."""
        return self._classes.get(cls, cls)

    def __deepcopy__(self, memo) -> "Patch":
        return self  # it never changes


def in_model(function: FunctionType) -> bool:
    return (function.__module__ or "").startswith(MODEL)


def model_modules() -> Iterator:
    return (m for name, m in sorted(sys.modules.items()) if name.startswith(MODEL))


def model_functions() -> dict[str, FunctionType]:
    """Every function of the model by its name: what a patch may replace."""
    return {
        name: value
        for module in model_modules()
        for name, value in vars(module).items()
        if isinstance(value, FunctionType) and value.__module__ == module.__name__
    }


def model_classes() -> dict[str, type]:
    """The classes of the model by their name in lower case."""
    return {
        name.lower(): value
        for module in model_modules()
        for name, value in vars(module).items()
        if isinstance(value, type) and value.__module__ == module.__name__
    }


def check_function(name: str, new: Callable, model: Mapping[str, FunctionType]) -> None:
    """May `new` stand for the model's function of this name? ValueError says why not."""
    if name not in model:
        near = nearest(name, model)
        raise ValueError(f"the model has no function {name} that a patch could replace: {near}")
    old = model[name]
    if not isinstance(new, FunctionType):
        raise ValueError(f"{name} is to be replaced by {short(new)}, which is no Python function")
    if inspect.iscoroutinefunction(new) or inspect.isasyncgenfunction(new):
        raise ValueError(f"the new {name} must do its work when it is called: no async")
    if inspect.isgeneratorfunction(old) != inspect.isgeneratorfunction(new):
        kind = "must" if inspect.isgeneratorfunction(old) else "must not"
        raise ValueError(f"the new {name} {kind} have a yield, as the model's own")
    try:
        inspect.signature(new).bind(*inspect.signature(old).parameters)
    except TypeError:
        raise ValueError(
            f"the new {name} must take the arguments {inspect.signature(old)}"
        ) from None
    for cls in model_classes().values():
        for method in vars(cls).values():
            if isinstance(method, FunctionType) and name not in STARTED:
                if name in names_in(method.__code__) and method.__globals__.get(name) is old:
                    raise ValueError(
                        f"{name} cannot be replaced: the method {cls.__name__}.{method.__name__} "
                        "calls it"
                    )


def names_in(code: CodeType) -> set[str]:
    """Every global name and attribute that this code mentions."""
    inner = (names_in(const) for const in code.co_consts if isinstance(const, CodeType))
    return set(code.co_names).union(*inner)


def declared(state: Mapping[str, object]) -> dict[type, dict[str, object]]:
    """{class: {attribute: its value in a new object}} from {"class.attribute": value}."""
    classes = model_classes()
    found: dict[type, dict[str, object]] = {}
    for where, value in state.items():
        owner, _, name = where.partition(".")
        if owner not in EXTENDED or not name.isidentifier():
            raise ValueError(
                f"state {short(where)}: write it as class.attribute, "
                f"with one of {', '.join(EXTENDED)}"
            )
        if hasattr(classes[owner], name):
            raise ValueError(f"state {short(where)}: {classes[owner].__name__} has that already")
        found.setdefault(classes[owner], {})[name] = value
    return found


def more_slots(cls: type, more: Mapping[str, object]) -> type:
    """A subclass of `cls` whose objects have these attributes too, each with a value of its own."""

    def __init__(self, *args, **kwargs):
        for name, value in more.items():
            setattr(self, name, copy.copy(value))
        cls.__init__(self, *args, **kwargs)

    return type(cls.__name__, (cls,), {"__slots__": tuple(more), "__init__": __init__})
