"""Random machines for the explorer: programs, policies, properties, clocks, all from one seed.

`case(seed)` gives the same Case each time. Programs are made of the model's own system calls and of
what users write: loops over all kinds of iterators, containers, closures, objects of their own.
"""

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, replace
from random import Random

from oomlab.model.fork import fork, vfork, wait4
from oomlab.model.gfp import GFP_ATOMIC, GFP_KERNEL, GFP_NOFS
from oomlab.model.kernel import Kernel
from oomlab.model.locks import (
    TASK_INTERRUPTIBLE,
    TASK_KILLABLE,
    TASK_RUNNING,
    TASK_UNINTERRUPTIBLE,
    Mutex,
    WaitQueue,
    schedule_timeout,
    wake_up_process,
)
from oomlab.model.mm import ANON, FILE, SHMEM, VMA, Shmem
from oomlab.model.suspend import suspend
from oomlab.model.syscalls import mmap, munmap, read_mm, set_adj, sysrq_f
from oomlab.policies.knobs import OPTIONS
from oomlab.policies.policy import Policy
from oomlab.policies.presets import PRESETS
from oomlab.scenarios.programs import alloc, free, hang, locked, look, pause, repeat, sleep, touch
from oomlab.simulate.page_accounting import unaccounted
from oomlab.simulate.wait_graph import LOCKS

KNOBS = {
    "reserves": ["none", "memdie", "favour-dying", "oom-half"],
    "ties": ["first", "last"],
    "oom_kill_allocating_task": [True],
    "sleep_after_kill": [True, False],
    "child_sacrifice": [True, False],
    "mmap_sem_killable": list(OPTIONS["mmap_sem_killable"]),
    "reaper_naps": [True, False],
    "exiting_aborts": [True, False],
    "panic_on_oom": [1],
}


@dataclass
class Case:
    """One question about one machine."""

    seed: int
    build: Callable[[Policy], Kernel]
    policy: Policy
    question: Callable[[Kernel], object]
    asks: str  # the question in words
    clock: str
    symmetric: bool  # are there equal tasks, and does the question not tell them apart?


# --- what users write


class Box:
    """An object of a user's own."""

    def __init__(self):
        self.count, self.seen, self.last = 0, [], None


def count(current, box: Box, by: int):
    yield "count", "a box"
    box.count += by
    yield "look at", "a box"
    box.last = current.name if box.count > 1 else None


def remember(current, box: Box, what: str):
    yield "remember", what
    box.seen.append(what)


def give_and_take(current, numbers: tuple):
    zone = current.kernel.zone
    for number in numbers:
        yield "give", str(number)
        zone.free += number
        yield "take", str(number)
        zone.free -= number


def zipped(current, names: tuple):
    for number, (name, other) in enumerate(zip(names, reversed(names), strict=True)):
        yield "pair", f"{name} and {other}"
        current.kernel.busy_workers = (current.kernel.busy_workers + number + 1) % 3


def mapped(current, numbers: tuple):
    for number in map(abs, filter(None, numbers)):
        yield "add", str(number)
        current.kernel.busy_workers += number


def queued(current, numbers: tuple):
    waiting, done = deque(numbers), set()
    while waiting:
        yield "pop", "a number"
        done.add(waiting.popleft())
    current.kernel.busy_workers = len(done)


def squares(numbers):
    for number in numbers:
        yield number * number


def generated(current, numbers: tuple):
    for square in squares(numbers):
        yield "add", "a square"
        current.kernel.oom_victims += square
    yield "take away", "all"
    current.kernel.oom_victims -= sum(n * n for n in numbers)


def finally_gives(current, pages: int):
    taken = 0
    try:
        while taken < pages and not current.sigkill:
            yield "take", "a page"
            if current.kernel.zone.free <= current.kernel.zone.min:
                return
            current.kernel.zone.free -= 1
            taken += 1
    finally:
        current.kernel.zone.free += taken


def closes_over(current, number: int):
    total = [0]

    def add(n):
        total[0] += n
        return total[0]

    for n in range(number):
        yield "add", str(n)
        add(n + 1)
    current.kernel.busy_workers = total[0] % 4


def guess(current, name: str):
    try:
        yield "guess", name
        if current.mm.find_vma(name) is None:
            raise LookupError(name)
        current.kernel.busy_workers += 1
    except LookupError:
        yield "miss", name
        current.kernel.busy_workers -= 1


def raise_limit(current, pages: int):
    yield "raise", "the limit"
    if current.memcg is not None:
        current.memcg.limit += pages


def lock_vma(current, name: str):
    yield "mlock", name
    vma = current.mm.find_vma(name)
    if vma is not None:
        vma.locked = not vma.locked


def forks(current, name: str, box: Box):
    yield from fork(current, name, ((count, box, 1),), vmas=(VMA("heap", ANON, 1),))


def waits(current, queue: WaitQueue):
    yield "look at", queue
    yield from queue.wait(current, TASK_KILLABLE)


def wakes(current, queue: WaitQueue):
    yield "wake", queue
    queue.wake_up()


def naps_once(current, ticks: int):
    yield "nap", str(ticks)
    yield from schedule_timeout(current, TASK_INTERRUPTIBLE, ticks)


def alarm(task):
    """A timer of a user's own."""
    task.kernel.busy_workers += 1
    wake_up_process(task)


def sets_alarm(current, ticks: int):
    yield "set", "an alarm"
    timer = current.kernel.add_timer(ticks, alarm, current)
    yield from schedule_timeout(current, TASK_INTERRUPTIBLE, ticks + 1)
    yield "cancel", "the alarm"
    current.kernel.del_timer(timer)


def marks_first(current, kind: str):
    yield "mark", kind
    for task in current.kernel.tasks if kind == "first" else reversed(current.kernel.tasks):
        if task.name.startswith("t") and not task.task_lock and task.mm is not None:
            task.uid = task.uid + 1 if task.uid < 1002 else 1000
            break
    task = None


# --- machines


def draw_call(draw: Random, pool: dict):
    """One system call with its arguments."""
    heap = draw.choice(["heap", "heap", "heap", "lib", "map"])
    few = draw.randint(1, 3)
    queue, box, lock = pool["queue"], pool["box"], pool["lock"]
    model = [
        lambda: (touch, heap, few),
        lambda: (touch, "heap", few),
        lambda: (touch, "heap", few),
        lambda: (alloc, few, draw.choice([GFP_KERNEL, GFP_NOFS, GFP_ATOMIC])),
        lambda: (free,),
        lambda: (mmap, "map"),
        lambda: (munmap, heap),
        lambda: (look, heap),
        lambda: (
            sleep,
            draw.randint(0, 3),
            draw.choice([TASK_INTERRUPTIBLE, TASK_UNINTERRUPTIBLE]),
        ),
        lambda: (pause,),
        lambda: (hang,),
        lambda: (sysrq_f,),
        lambda: (set_adj, draw.choice([-1000, -500, 0, 500])),
        lambda: (locked, lock, draw_call(draw, pool)),
        lambda: (repeat, draw.choice([1, 2]), draw_call(draw, pool)),
        lambda: (read_mm, pool["mm"]),
        lambda: (fork, draw.choice(["c1", "c2"]), draw_program(draw, pool, 1)),
        lambda: (vfork, "v", draw_program(draw, pool, 1)),
        lambda: (wait4,),
        lambda: (suspend, 2),
    ]
    numbers = tuple(draw.choice([0, 1, 2, -1]) for _ in range(draw.randint(1, 3)))
    users = [
        lambda: (count, box, few),
        lambda: (remember, box, draw.choice("ab")),
        lambda: (give_and_take, numbers),
        lambda: (zipped, tuple("xyz"[:few])),
        lambda: (mapped, numbers),
        lambda: (queued, numbers),
        lambda: (generated, numbers),
        lambda: (finally_gives, few),
        lambda: (closes_over, few),
        lambda: (guess, heap),
        lambda: (raise_limit, few),
        lambda: (lock_vma, heap),
        lambda: (forks, draw.choice(["c1", "c2"]), box),
        lambda: (waits, queue),
        lambda: (wakes, queue),
        lambda: (naps_once, draw.randint(0, 3)),
        lambda: (sets_alarm, draw.randint(0, 3)),
        lambda: (marks_first, draw.choice(["first", "last"])),
    ]
    return draw.choice(draw.choice([model, users]))()


def draw_program(draw: Random, pool: dict, most: int = 2) -> tuple:
    return tuple(draw_call(draw, pool) for _ in range(draw.randint(1, most)))


def machine(seed: int) -> Callable[[Policy], Kernel]:
    """A function that builds a random machine, the same each time."""

    def build(policy: Policy) -> Kernel:
        draw = Random(seed)
        reclaimable = draw.choice([0, 0, 0, 2, 40])
        kernel = Kernel(policy, 128, cpus=2, min_kbytes=32, reclaimable=reclaimable)
        memcg = (
            kernel.new_memcg("memcg1", limit=draw.randint(3, 8)) if draw.random() < 0.4 else None
        )
        pool = {"lock": Mutex("lock"), "queue": WaitQueue("queue"), "box": Box(), "mm": None}
        shmem = Shmem("segment", linked=draw.random() < 0.5)
        equals = draw.choice([0, 0, 2, 2, 3])
        first = None
        for number in range(max(equals, draw.randint(1, 2)) + (equals and draw.randint(0, 1))):
            if not 0 < number < equals:
                shapes = [("heap", draw.choice([ANON, ANON, ANON, FILE]), draw.randint(0, 3), None)]
                if draw.random() < 0.2:
                    shapes.append(("lib", SHMEM, 1, shmem))
                program = draw_program(draw, pool)
                how = {"adj": draw.choice([0, 0, 0, -1000, 300]), "uid": draw.choice([1000, 0])}
                how["at_exit"] = ((alloc, 1),) if draw.random() < 0.1 else ()
                if number and not equals and draw.random() < 0.3:
                    how = {"thread_of": first}
            vmas = [VMA(name, kind, n, shmem=object) for name, kind, n, object in shapes]
            task = kernel.spawn(f"t{number}", program, vmas=vmas, memcg=memcg, **how)
            if number < equals:
                kernel.symmetric.append([task])
            first = first or task
            pool["mm"] = pool["mm"] or task.mm
        pages = max(0, kernel.zone.free - kernel.zone.min - draw.choice([-2, -1, 0, 0, 1, 2, 4]))
        kernel.zone.reserved += pages  # for good: what is left is little
        kernel.zone.free -= pages
        return kernel

    return build


def draw_policy(draw: Random) -> Policy:
    policy = PRESETS[draw.choice(sorted(set(PRESETS) - {"workqueue"}))]
    names = draw.sample(sorted(KNOBS), draw.choice([0, 0, 1, 2]))
    return replace(policy, **{name: draw.choice(KNOBS[name]) for name in names})


# --- questions

EXPRESSIONS: dict[str, Callable[[Kernel], object]] = {
    "free": lambda k: k.zone.free,
    "reclaimable": lambda k: k.zone.reclaimable,
    "scanned": lambda k: k.zone.pages_scanned,
    "oom_victims": lambda k: k.oom_victims,
    "busy": lambda k: k.busy_workers,
    "mms": lambda k: len(k.mms),
    "unaccounted": lambda k: unaccounted(k),
    "how many tasks": lambda k: len(k.tasks),
    "bugs": lambda k: len(k.bugs),
    "panicked": lambda k: bool(k.panicked),
    "marked": lambda k: sum(t.marked is not None for t in k.tasks),
    "memdie": lambda k: [t.memdie for t in k.tasks].count(True),
    "running": lambda k: sum(t.state == TASK_RUNNING for t in k.tasks),
    "waits for lock": lambda k: sum(isinstance(t.waits_for, LOCKS) for t in k.tasks),
    "oom_lock waiters": lambda k: len(k.oom_lock.waiters),
    "timers": lambda k: len(k.timers),
    "pages": lambda k: sum(v.pages for m in k.mms for v in m.vmas),
    "size": lambda k: max((v.size for m in k.mms for v in m.vmas), default=0),
    "locked": lambda k: any(v.locked for m in k.mms for v in m.vmas),
    "limit": lambda k: [m.limit for m in k.memcgs],
    "usage": lambda k: [m.usage for m in k.memcgs],
    "users": lambda k: [m.mm_users for m in reversed(k.mms)],
    "uids": lambda k: sorted(t.uid for t in k.tasks),
    "adjs": lambda k: sorted(t.signal.oom_score_adj for t in k.tasks),
    "allocating": lambda k: sum(bool(t.allocating) for t in k.tasks),
    "kernel pages": lambda k: sum(t.kernel_pages for t in k.tasks),
}
TELLING: dict[str, Callable[[Kernel], object]] = {  # equals apart
    "names": lambda k: [t.name for t in k.tasks.copy()],
    "last": lambda k: (k.tasks + [])[-1].name,
    "backwards": lambda k: next(t.name for t in reversed(k.tasks)),
    "place": lambda k: [k.tasks.index(t) for t in k.tasks if t.memdie],
    "marked ones": lambda k: [t.name for t in k.tasks if t.marked is not None],
    "pids": lambda k: max(t.pid for t in k.tasks),
    "parents": lambda k: [t.parent and t.parent.name for t in k.tasks],
    "lock holder": lambda k: k.oom_lock.owner and k.oom_lock.owner.name,
    "programs": lambda k: [len(t.program) for t in k.tasks],
}


def draw_question(draw: Random, walk: list[Kernel]) -> tuple[Callable, str, bool]:
    """A question that some state of a random walk, or a state not far from it, answers with yes."""
    names = draw.sample(sorted(EXPRESSIONS | TELLING), draw.choice([1, 1, 2, 3]))
    ask = [(EXPRESSIONS | TELLING)[name] for name in names]
    there = draw.choice(walk)
    apart = draw.random() < 0.3  # each as it was in another state: perhaps never together
    wanted = [one(draw.choice(walk) if apart else there) for one in ask]
    if type(wanted[0]) is int and draw.random() < 0.5:
        wanted[0] += draw.choice([-2, -1, 1, 2])  # perhaps never

    def question(kernel: Kernel) -> bool:
        return [one(kernel) for one in ask] == wanted

    words = ", ".join(f"{n} = {w!r}" for n, w in zip(names, wanted, strict=True))
    return question, words, not set(names) & set(TELLING)


def case(seed: int, choices: Callable, step: Callable) -> Case | None:
    """A random question; choices(kernel, clock) and step(kernel, entry) walk for it.

    None if the machine cannot be built or its programs break on the walk.
    """
    draw = Random(f"case {seed}")
    build, policy = machine(seed), draw_policy(draw)
    clock = draw.choice(["any", "any", "ordered", "urgent"])
    values = []
    for _ in range(3):
        length = draw.randint(1, 30)
        kernel = build(policy)
        kernel.events = None
        for _ in range(length):
            entries = choices(kernel, clock)
            if not entries:
                break
            step(kernel, draw.choice(entries))
        values.append(kernel)
    question, words, symmetric = draw_question(draw, values)
    return Case(seed, build, policy, question, words, clock, symmetric)
