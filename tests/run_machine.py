"""Machines for questions to the kernel: run one, and say whom its events name."""

from oomlab.model.kernel import Kernel
from oomlab.policies.presets import PRESETS
from oomlab.simulate.outcome import judge
from oomlab.simulate.scheduler import run_seeded

RELEASES = [name for name in PRESETS if name.startswith("linux-")]


def run(kernel: Kernel, seed: int = 1, **settings):
    """Run a machine to its end, and judge it."""
    return judge(kernel, run_seeded(kernel, seed, **settings))


def finish(function):
    """Run a kernel function to its end, without others; what it returned."""
    while True:
        try:
            next(function)
        except StopIteration as end:
            return end.value


def each(policies):
    """A test of one policy as one of all these; a failure says of which."""

    def decorate(test):
        def loop():
            for policy in policies:
                try:
                    test(policy)
                except Exception as wrong:
                    raise AssertionError(f"under {policy}: {wrong}") from wrong

        loop.__name__, loop.__doc__, loop.__module__ = test.__name__, test.__doc__, test.__module__
        return loop

    return decorate


def names(kernel: Kernel, event: str) -> list[str]:
    return [e["task"].name for e in kernel.events if e["event"] == event]
