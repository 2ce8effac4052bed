"""Who waits for whom: the wait-for graph, with memory as a resource.

The kernel knows that a task waits for a lock and who owns it. It does not know that a task looping
in the allocator, or charging a full cgroup, waits for the victims to give their memory back. With
this edge drawn, the invisible dependency is a cycle.
"""

from ..model.locks import TASK_RUNNING, Mutex, RwSemaphore
from ..model.mm import MMF_OOM_SKIP
from ..model.tasks import find_lock_task_mm, tsk_is_oom_victim

MEMORY = "memory"
LOCKS = Mutex, RwSemaphore  # what a task may wait for and another one have


def owners(lock) -> list:
    """Who has a Mutex, or an RwSemaphore: its writer, or all readers."""
    if isinstance(lock, Mutex):
        return [lock.owner] if lock.owner else []
    return [lock.writer] if lock.writer else list(lock.readers)


def pending_victims(kernel) -> list:
    """Victims that keep the OOM killer from choosing another one."""
    if kernel.policy.victim_mark == "process":
        victims = (t for t in kernel.tasks if tsk_is_oom_victim(t))
        return [t for t in victims if not t.signal.oom_mm.flags & MMF_OOM_SKIP]
    return [t for t in kernel.tasks if t.memdie and find_lock_task_mm(t)]


def wait_for_graph(kernel) -> dict[str, list[str]]:
    """Edges by name: task -> lock -> owners; task in the allocator -> memory -> who holds it up.

    A full cgroup is such a memory of its own; only victims inside it can give something back.
    """
    graph: dict[str, list[str]] = {}
    for task in kernel.tasks:
        lock = task.waits_for
        if task.state != TASK_RUNNING and isinstance(lock, LOCKS):
            graph[task.name] = [lock.name]
            graph[lock.name] = [owner.name for owner in owners(lock)]
        elif task.allocating:
            graph[task.name] = [MEMORY]
        elif task.over_limit is not None and not task.sigkill:
            memcg = task.over_limit
            graph[task.name] = [memcg.name]
            graph[memcg.name] = [t.name for t in pending_victims(kernel) if memcg.contains(t)]
    if any(MEMORY in edges for edges in graph.values()):
        graph[MEMORY] = [task.name for task in memory_waits_for(kernel)]
    return graph


def memory_waits_for(kernel) -> list:
    """Whose end would free memory: unfinished victims, and the dying who live on the reserve."""
    holders = pending_victims(kernel)
    if kernel.policy.reserves == "favour-dying":
        for task in kernel.tasks:
            if task.sigkill and task.kernel_pages and task not in holders:
                holders.append(task)
    return holders


def find_cycle(graph: dict[str, list[str]]) -> list[str]:
    """A cycle as a list of names, beginning at the smallest; empty if there is none."""
    done: set[str] = set()

    def walk(node: str, path: list[str]) -> list[str]:
        if node in path:
            return path[path.index(node) :]
        if node in done:
            return []
        done.add(node)
        for following in graph.get(node, ()):
            cycle = walk(following, [*path, node])
            if cycle:
                return cycle
        return []

    for node in graph:
        cycle = walk(node, [])
        if cycle:
            first = cycle.index(min(cycle))
            return cycle[first:] + cycle[:first]
    return []
