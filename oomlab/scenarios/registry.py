"""The scenarios by name, their parameters, and the two set-ups that most of them share."""

from collections.abc import Callable
from functools import cache
from inspect import Parameter, signature
from typing import Annotated, Literal, get_args, get_origin

from ..model.kernel import Kernel
from ..model.mm import ANON, VMA
from ..model.tasks import MOST_TASKS
from ..naming import Named
from .programs import hang

Many = Annotated[int, MOST_TASKS]  # of what a machine makes one by one: tasks, VMAs

SCENARIOS: Named[Callable[..., Kernel]] = Named("scenario")


def scenario(function: Callable[..., Kernel]) -> Callable[..., Kernel]:
    """Register a scenario under its name, with dashes. ValueError if another file has it."""
    name = function.__name__.replace("_", "-")
    home = SCENARIOS[name].__module__ if name in SCENARIOS else function.__module__
    if home != function.__module__:
        raise ValueError(f"{home} has a scenario {name} already: give yours another name")
    SCENARIOS[name] = function
    return function


def parameters(name: str) -> dict[str, object]:
    """The parameters of a scenario and their defaults."""
    return {p.name: p.default for p in taken(SCENARIOS[name]) if p.name != "policy"}


def choices(name: str) -> dict[str, tuple]:
    """The values that a parameter of a scenario takes, where they are few: {parameter: values}."""
    found = taken(SCENARIOS[name])
    return {p.name: get_args(p.annotation) for p in found if get_origin(p.annotation) is Literal}


def most(name: str) -> dict[str, int]:
    """The greatest value of a parameter that is annotated with one, as Many: {parameter: value}."""
    found = taken(SCENARIOS[name])
    return {
        p.name: get_args(p.annotation)[1] for p in found if get_origin(p.annotation) is Annotated
    }


@cache
def taken(function: Callable[..., Kernel]) -> tuple[Parameter, ...]:
    """What a scenario takes. By function: a notebook's cell may define the same name again."""
    return tuple(signature(function).parameters.values())


def title(name: str) -> str:
    return (SCENARIOS[name].__doc__ or "").strip().split("\n")[0]


def story(name: str) -> str:
    """What a scenario's docstring says below its title, its parameters in `these`; as one line."""
    return " ".join((SCENARIOS[name].__doc__ or "").strip().partition("\n")[2].split())


def heap(pages: int, **more) -> list[VMA]:
    return [VMA("heap", ANON, pages, **more)]


def nearly_full(kernel: Kernel, leave: int = 0) -> None:
    """A task that cannot be killed holds all but `leave` of the pages above the min mark."""
    zone = kernel.zone
    pages = zone.free - zone.min - leave - 4  # the others' page tables and first pages
    kernel.spawn("filler", ((hang,),), vmas=heap(pages), adj=-1000, daemon=True)
