"""Random machines in which tasks ask for more memory than there is, are killed, and go round."""

from random import Random

from oomlab.model.fork import fork
from oomlab.model.gfp import __GFP_NOFAIL, GFP_ATOMIC, GFP_KERNEL, GFP_NOFS
from oomlab.model.kernel import Kernel
from oomlab.model.locks import Mutex
from oomlab.model.syscalls import munmap, set_adj, sysrq_f
from oomlab.policies.presets import PRESETS
from oomlab.scenarios.programs import alloc, churn, free, locked, look, repeat, sleep, touch
from oomlab.scenarios.registry import heap


def short_of_memory(seed: int) -> Kernel:
    """A machine under some preset, the same for the same seed; it keeps no events."""
    draw = Random(seed)
    policy = PRESETS[draw.choice(sorted(PRESETS))]
    kernel = Kernel(
        policy, 128, cpus=draw.choice([1, 2, 4]), min_kbytes=32, reclaimable=draw.choice([0, 0, 40])
    )
    kernel.timeslice, kernel.events = draw.choice([1, 1, 5]), None
    memcg = kernel.new_memcg("memcg", limit=draw.randint(3, 12)) if draw.random() < 0.4 else None
    lock = Mutex("lock")
    flags = [GFP_KERNEL, GFP_NOFS, GFP_ATOMIC, GFP_KERNEL | __GFP_NOFAIL]

    def call(deep: int = 0) -> tuple:
        few = draw.choice([1, 2, 3, 40])
        calls = [(touch, "heap", few)] * 3 + [(alloc, few, draw.choice(flags))] * 2
        calls += [(churn, few, draw.choice(flags)), (sleep, few), (look, "heap")]
        if deep:
            calls += [(sysrq_f,), (free,), (munmap, "heap"), (set_adj, draw.choice([-1000, 500]))]
            calls += [(locked, lock, call(deep - 1)), (repeat, None, call())]
            calls += [(fork, "child", (call(deep - 1), call(deep - 1)))]
        return draw.choice(calls)

    for number in range(draw.randint(1, 6)):
        program = ((touch, "heap", 1), *(call(2) for _ in range(draw.randint(1, 3))))
        adj, group = draw.choice([0, 0, -1000, -1000, 300]), draw.choice([memcg, None])
        kernel.spawn(f"t{number}", program, vmas=heap(draw.randint(0, 6)), adj=adj, memcg=group)
    left = draw.choice([-6, -1, 0, 0, 1, 4])
    pages = max(0, kernel.zone.free - kernel.zone.min - left)
    kernel.zone.reserved, kernel.zone.free = kernel.zone.reserved + pages, kernel.zone.free - pages
    return kernel
