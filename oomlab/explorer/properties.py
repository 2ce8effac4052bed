"""What may be asked of every state: questions about a machine, answered by looking at it.

A safety property is a function bad(kernel) -> bool; it is violated if any reachable state is bad.
A liveness property is a function good(kernel) -> bool; it is violated if some weakly fair
schedule stays away from good states for ever. A property of traces is a function (memory, step);
see monitor.py. Which of the two a user's function is, its required arguments say: one, a state;
two, a trace. Arguments with a default do not count.
"""

from collections.abc import Callable
from dataclasses import dataclass
from dis import get_instructions
from functools import partial
from inspect import isasyncgenfunction, iscoroutinefunction, isgeneratorfunction, signature
from types import FunctionType

from ..model.kernel import Kernel
from ..model.locks import TASK_RUNNING
from ..model.tasks import PF_KTHREAD
from ..naming import Named, short
from ..simulate.outcome import has_lost, lost_victims
from ..simulate.wait_graph import LOCKS

KINDS = ("never", "eventually", "trace")


@dataclass(frozen=True)
class Property:
    """A named question; `kind` is "never" (bad), "eventually" (good, under weak fairness), or
    "trace" (of steps). ValueError, in one sentence, where it is none of these.
    """

    name: str
    kind: str
    meaning: str
    question: Callable

    def __post_init__(self) -> None:
        for what in ("name", "meaning"):
            said = getattr(self, what)
            if not isinstance(said, str) or not said.isprintable() or what == "name" and not said:
                raise ValueError(f"a property's {what} is one line of text, not {short(said)}")
        if self.kind not in KINDS or not callable(self.question):
            kinds = ", ".join(KINDS)
            raise ValueError(f"property {short(self.name)} needs a function, and a kind of {kinds}")


def miscounted(kernel: Kernel) -> bool:
    """A reference dropped below zero, or a structure freed while in use (M23)."""
    return "freed" in kernel.bugs.values()


def reaped_alive(kernel: Kernel) -> bool:
    """Memory was taken from a process that had no SIGKILL (M13)."""
    return "alive" in kernel.bugs.values()


def list_broken(kernel: Kernel) -> bool:
    """oom_reaper_list runs in a circle (855b01832573)."""
    seen, task = [], kernel.oom_reaper_list
    while task is not None:
        if task in seen:
            return True
        seen.append(task)
        task = task.oom_reaper_list
    return False


def stuck(kernel: Kernel) -> bool:
    """No task can run, no timer is pending, and a task waits for a lock."""
    if kernel.panicked or kernel.timers or any(t.state == TASK_RUNNING for t in kernel.tasks):
        return False
    return any(isinstance(task.waits_for, LOCKS) for task in kernel.tasks)


def second_victim(kernel: Kernel) -> bool:
    """Two unfinished victims in one OOM domain, while the first could still have exited."""
    able = [task for task in kernel.tasks if task.memdie and task.state == TASK_RUNNING]
    return len({task.memcg for task in able}) < len(able)


def dying_exited(kernel: Kernel) -> bool:
    """A killed task that could run has gone, or there is none."""
    dying = [t for t in kernel.tasks if t.sigkill and not t.flags & PF_KTHREAD]
    return not any(task.state == TASK_RUNNING or task.allocating for task in dying)


def all_settled(kernel: Kernel) -> bool:
    """Every marked victim was reaped, given up, or has gone."""
    return not lost_victims(kernel)


PROPERTIES: Named[Property] = Named(
    "property",
    (
        (p.name, p)
        for p in (
            Property("no-victim-lost", "never", "no victim waits for a reaper in vain", has_lost),
            Property(
                "no-use-after-free",
                "never",
                "no reference is dropped below zero or used after free",
                miscounted,
            ),
            Property(
                "no-live-task-reaped",
                "never",
                "no memory is taken from a task without SIGKILL",
                reaped_alive,
            ),
            Property("list-intact", "never", "oom_reaper_list never runs in a circle", list_broken),
            Property(
                "no-deadlock", "never", "never do all tasks sleep, one of them on a lock", stuck
            ),
            Property(
                "no-second-victim",
                "never",
                "no second victim while the first can still exit",
                second_victim,
            ),
            Property("dying-exit", "eventually", "some dying task always exits", dying_exited),
            Property(
                "victims-settled",
                "eventually",
                "every marked victim is reaped or goes",
                all_settled,
            ),
        )
    ),
)


def choose_property(wanted: "str | Property | Callable") -> Property:
    """A property by name, or made from a function bad(kernel) or (memory, step).

    ValueError, in one sentence, for a name that does not exist or a function of another shape.
    """
    if isinstance(wanted, Property):
        answers(wanted.question, wanted.name)
        return wanted
    if callable(wanted):
        name = getattr(wanted, "__name__", type(wanted).__name__)
        required = arguments(wanted)
        if required not in (1, 2):
            raise ValueError(
                f"property {name} must take one argument (kernel) or two (memory, step), "
                f"those with a default aside; it takes {required}"
            )
        answers(wanted, name)
        return Property(name, "trace" if required == 2 else "never", "", wanted)
    if not isinstance(wanted, str):
        raise ValueError(f"a property is a name, a Property or a function, not {short(wanted)}")
    return PROPERTIES[wanted]


def answers(function: Callable, name: str) -> None:
    """ValueError for a function whose call is always true, or never: what it says is no answer.

    One that only begins to run when it is called would be true of every state; one in which no
    `return` gives a value, because it was forgotten, of none, and it would "hold".
    """
    begins = isgeneratorfunction, iscoroutinefunction, isasyncgenfunction
    if any(is_such(function) for is_such in begins):
        raise ValueError(f"property {name} must answer when it is called: no yield, no async")
    while isinstance(function, partial):
        function = function.func
    for code in (function, getattr(function, "__func__", None), type(function).__call__):
        if isinstance(code, FunctionType) and not gives_a_value(code):
            raise ValueError(f"property {name} returns no value: it must return True or False")


def gives_a_value(function: FunctionType) -> bool:
    """Can a call return anything but None? Without a `return` it returns the constant None."""
    before = None
    for step in get_instructions(function):
        if step.opname == "RETURN_CONST" and step.argval is not None:  # Python 3.12 and 3.13
            return True
        if step.opname == "RETURN_VALUE":
            if before != ("LOAD_CONST", None) or step.is_jump_target:  # as of `x or None`
                return True
        before = step.opname, step.argval
    return False


def arguments(function: Callable) -> int | str:
    """How many positional arguments a call must give; or in words, what no call of ours gives."""
    try:
        parameters = signature(function).parameters.values()
    except (TypeError, ValueError):  # a builtin that does not tell
        return "what its signature does not tell"
    required = [p for p in parameters if p.default is p.empty]
    named = [p.name for p in required if p.kind is p.KEYWORD_ONLY]
    if named:
        return f"{named[0]} by name"
    return sum(p.kind in (p.POSITIONAL_ONLY, p.POSITIONAL_OR_KEYWORD) for p in required)
