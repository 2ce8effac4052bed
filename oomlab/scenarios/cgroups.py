"""Memory cgroups: limits, nested and side by side, and what an OOM in one is to the others."""

from typing import Literal

from ..model.kernel import Kernel
from ..model.policy import Policy
from ..model.syscalls import (
    hang,
    mmap,
    pause,
    sleep,
    touch,
)
from .registry import heap, scenario


@scenario
def memcg_vs_global(policy: Policy, global_first: Literal[0, 1] = 0) -> Kernel:
    """A memcg OOM and a global OOM at the same time: who waits for whom? (M16)

    While the memcg's victim is stuck, the global scan meets it and kills nobody; the other way
    round the memcg looks only at its own tasks and goes on.
    """
    kernel = Kernel(policy, 1024, cpus=4)
    memcg = kernel.new_memcg("memcg1", limit=100)
    inside = kernel.spawn("inside", ((hang,),), vmas=heap(96), memcg=memcg)
    late = ((sleep, 30),)
    kernel.spawn(
        "charger",
        (late if global_first else ()) + ((touch, "heap", 8),),
        thread_of=inside,
        memcg=memcg,
    )
    kernel.spawn("outside", ((pause,),), vmas=heap(300))
    kernel.spawn(
        "asker", (() if global_first else late) + ((mmap, "heap"), (touch, "heap", 700)), adj=-1000
    )
    return kernel


@scenario
def two_memcgs(policy: Policy) -> Kernel:
    """Nested limits: the inner cgroup's OOM kills inside, the outer's anywhere below it."""
    kernel = Kernel(policy, 2048)
    outer = kernel.new_memcg("outer", limit=400)
    inner = kernel.new_memcg("outer/inner", limit=200, parent=outer)
    kernel.spawn("inner-hog", ((touch, "heap", 300),), vmas=heap(60), memcg=inner)
    kernel.spawn("outer-hog", ((sleep, 20), (touch, "heap", 500)), vmas=heap(80), memcg=outer)
    kernel.spawn("bystander", ((pause,),), vmas=heap(700), daemon=True)
    return kernel


@scenario
def oom_group(policy: Policy) -> Kernel:
    """memory.oom.group: the workload dies as a unit, the exempt member lives."""
    kernel = Kernel(policy, 2048)
    pod = kernel.new_memcg("pod", limit=300, oom_group=True)
    kernel.spawn("worker1", ((pause,),), vmas=heap(100), memcg=pod)
    kernel.spawn("worker2", ((touch, "heap", 400),), vmas=heap(60), memcg=pod)
    kernel.spawn("sidecar", ((pause,),), vmas=heap(20), memcg=pod, adj=-1000, daemon=True)
    return kernel
