"""Which functions of the model did no explored transition ever enter?

"holds: 9 states" is worth little if the reaper never ran. What is named are the generator functions
that an entered function calls, and that were never entered themselves.
"""

from collections.abc import Iterable
from inspect import isgeneratorfunction
from types import FunctionType

from ..policies.patch import in_model, names_in

# The way of a kill, from the request that found no page to the memory that comes back.
WAY = (
    "out_of_memory",
    "oom_kill_process",
    "mark_oom_victim",
    "wake_oom_reaper",
    "oom_reap_task",
    "exit_mmap",
)


def never_entered(entered: Iterable[FunctionType]) -> list[str]:
    """The border, by name, in the order of WAY first; then the others by the alphabet."""
    begun = {function.__name__ for function in entered}
    border = set()
    for function in entered:
        for name in names_in(function.__code__):
            called = function.__globals__.get(name)
            if isinstance(called, FunctionType) and in_model(called):
                if isgeneratorfunction(called) and called.__name__ not in begun:
                    border.add(called.__name__)
    return sorted(border, key=lambda name: (WAY.index(name) if name in WAY else len(WAY), name))
