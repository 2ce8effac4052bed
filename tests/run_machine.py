"""Machines for questions to the kernel: run one, and say whom its events name."""

from oomlab.model.kernel import Kernel
from oomlab.policies.presets import PRESETS
from oomlab.simulate.outcome import judge
from oomlab.simulate.scheduler import run_seeded

RELEASES = [name for name in PRESETS if name.startswith("linux-")]


def run(kernel: Kernel, seed: int = 1, **settings):
    """Run a machine to its end, and judge it."""
    return judge(kernel, run_seeded(kernel, seed, **settings))


def names(kernel: Kernel, event: str) -> list[str]:
    return [e["task"].name for e in kernel.events if e["event"] == event]
