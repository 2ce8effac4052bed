"""A machine whose whole state can be restored, so that a step can be taken in any state.

A state is a list of numbers, one for each cell that ever changed. load() puts the machine into a
state; watched() runs something in it and says which cells that read, in order, and which it wrote.
Reading and writing are seen since the class of every object is exchanged for a subclass that notes
them; whoever gets a container is taken to have read all of it, and what changed in it is found
afterwards. Attributes that are no state (NOT_STATE) are put back before every step, so that nothing
can depend on them, and a program or property that reads one is refused.
"""

from array import array
from collections.abc import Callable, Mapping
from itertools import chain
from typing import Any

from ..model.kernel import Kernel, threads
from ..model.tasks import Task
from ..simulate.scheduler import Entry, entry_of, fire_timer
from .classes import attribute_names, has, is_pythons, left_out, plain_class, unseen_of
from .clock import settle
from .closure import Closure, patched
from .errors import ExplorerFault, Refused, in_a_sentence, refusals
from .frames import UNSET, Threads
from .new_objects import Nursery
from .objects import Values, fresh
from .other_orders import DEPENDS, orders_of_sets, orders_of_timers
from .state_vector import ABSENT, CONTAINERS, CONTENT, EXISTS, THREAD, Cell, Thing
from .unseen_writes import Unnoted
from .watch import Watch, still

OTHERS_SEE_IT = "which its earlier machines see, too: give it to the programs as an argument"
AFTER_ALL = 1 << 40  # numbers of new timers: later than all that are pending


class Machine:
    """The machine, its things, and the state it is in."""

    def __init__(
        self,
        build: Callable[[], Kernel],
        clock: str,
        questions: list[Callable],
        shared: Mapping[int, object] = {},
    ):
        """`shared`: by id, what other machines of the scenario have, too (isolation.py)."""
        self.clock, self.shared = clock, shared
        self.values = Values(Threads())
        self.pools = self.values.pools
        self.variable: list[Cell] = []  # the cells of a state, in order
        self.defaults: dict[type, dict] = {}  # what is no state, by class
        self.watch = Watch(self.values)
        self.counted = 0
        self.spoilt: list[tuple[object, dict]] = []  # what is no state, of which objects
        self.static: dict[Thing, int] = {}  # what was there at the start, in order
        try:
            self.start(build, questions)
        except BaseException:
            self.release()
            raise
        self.tasks = {task.pid: task for task in self.kernel.tasks}  # those of the start
        knows = self.kernel, self.values, self.closure, self.watch, self.defaults
        self.nursery = Nursery(*knows, self.held, self.vary)
        self.unnoted = Unnoted(self.closure, self.static, self.variable, self.value_of)
        self.now: list[int] = []  # the state that the objects are in; -1: whatever

    def start(self, build: Callable[[], Kernel], questions: list[Callable]) -> None:
        """Make the machine, and give a cell to all that it holds."""
        self.kernel = self.in_frames(build)
        functions: list[Any] = [*questions, *patched(self.kernel)]
        self.closure = Closure(self.values, functions)
        self.root = self.values.thing(self.kernel)
        settle(self.kernel, self.clock)
        self.adopt()
        for function in tuple(self.values.threads.known):
            self.closure.find(function)
        self.adopt()
        build()
        if what := self.closure.changed():
            raise Refused(f"the scenario changes {what}, {OTHERS_SEE_IT}")
        self.values.starting = False
        self.roots = [self.root, *self.closure.roots]
        self.static = {thing: n for n, thing in enumerate(self.values.things.values())}

    def release(self) -> None:
        """Nothing is watched any more, and what is shared is as it was."""
        self.watch.release()
        for thing in self.static:
            if id(thing.object) in self.shared or thing in self.closure.roots:
                for cell in thing.cells.values():
                    self.put(cell, 0)

    def in_frames(self, build: Callable[[], Kernel]) -> Kernel:
        """What `build` makes, with frames for generators."""
        token = threads.set(self.values.threads.begin)
        try:
            return build()
        finally:
            threads.reset(token)

    # ---------------------------------------------------------------- things and their cells
    def adopt(self) -> None:
        """Give cells to all things that were met at the start, and to those that they lead to."""
        while self.values.new:
            thing = self.values.new.pop(0)
            thing.made = False
            for name, value in self.held(thing):
                cell = thing.cells[name] = Cell(thing, name, value)
                for other in cell.mentions[0]:
                    other.called = other.called or f"in {cell}"
            self.closure.look(self.values, thing.object)
            self.watch.begin(thing.object)

    def held(self, thing: Thing) -> list[tuple]:
        """The cells of a thing as it is now: (name, value)."""
        held = thing.object
        if type(held) in CONTAINERS:
            return [(CONTENT, self.values.content(held))]
        names = self.names(held)
        return [(name, self.value(held, name)) for name in names] or [(EXISTS, None)]

    def names(self, held) -> list[str]:
        kind = plain_class(type(held))
        if kind not in self.defaults:
            for name in unseen_of(kind):
                raise Refused(f"a state cannot hold a {kind.__qualname__}: it has {name}")
            self.defaults[kind] = {
                name: fresh(getattr(held, name))
                for name in left_out(kind)
                if hasattr(held, name) and not self.is_time(held, name)
            }
            if issubclass(kind, Kernel):
                self.defaults[kind] |= {"timers_made": AFTER_ALL, "events": None}
                self.defaults[kind] |= {"reaped": None, "happened": None}  # equals differ in names
                self.defaults[kind]["runqueue"].clear()
        names = attribute_names(held)
        for name in filter(is_pythons, names):
            raise Refused(f"a state cannot hold a {kind.__qualname__}: it has an attribute {name}")
        return [*names, "jiffies"] if self.is_time(held, "jiffies") else names

    def is_time(self, held, name: str) -> bool:
        return name == "jiffies" and self.clock != "any" and isinstance(held, Kernel)

    def value(self, held, name: str):
        value = object.__getattribute__(held, name) if has(held, name) else UNSET
        if name == THREAD and isinstance(held, Task):
            if type(value) is not tuple:
                raise Refused(f"{held} was started by other means than Kernel.start()")
            return self.values.encode_thread(value)
        return self.values.encode(value)

    # ---------------------------------------------------------------- states
    def load(self, state: array) -> None:
        """Put the machine into this state."""
        self.now += [0] * (len(self.variable) - len(self.now))
        for n, number in enumerate(state):
            if self.now[n] != number:
                self.put(self.variable[n], number)
                self.now[n] = number

    def put(self, cell: Cell, number: int) -> None:
        held, value = cell.thing.object, cell.values[number]
        if cell.name in (THREAD, EXISTS):  # a thread is put when it goes on
            return
        if cell.name == CONTENT:
            if value is not ABSENT:
                self.values.refill(held, value)
            return
        if value is ABSENT:
            value = UNSET
        value = value if value is UNSET else self.values.decode(value)
        if value is not UNSET:
            object.__setattr__(held, cell.name, value)
        elif has(held, cell.name):
            object.__delattr__(held, cell.name)

    def put_back(self) -> None:
        """What is no state as if nothing had happened."""
        for held, defaults in self.things_with_defaults():
            for name, value in defaults.items():
                object.__setattr__(held, name, fresh(value))

    def things_with_defaults(self) -> list[tuple[object, dict]]:
        if len(self.values.things) != self.counted:
            self.counted = len(self.values.things)
            every = [*self.static, *self.pools.all()]
            kinds: list[Any] = [(t.object, plain_class(type(t.object))) for t in every]
            self.spoilt = [(held, self.defaults[k]) for held, k in kinds if self.defaults.get(k)]
        return self.spoilt

    # ---------------------------------------------------------------- being watched
    def watched(self, state: array, run: Callable, what: str):
        """Run something in this state: (what it returns, the cells it read, in order)."""
        self.state = state
        self.load(state)
        self.put_back()
        self.watch.reads, self.watch.writes, self.watch.hashed = {}, {}, {}
        for thing in self.closure.roots:
            if type(thing.object) in CONTAINERS:
                self.watch.read_all(thing.object)
        token, noted = threads.set(self.values.threads.begin), refusals.set([])
        try:
            result = run()
            if refused := refusals.get():  # and caught by the user's function
                raise refused[0]
        except BaseException as wrong:
            self.now = [-1] * len(self.now)
            self.values.new.clear()
            if isinstance(wrong, KeyboardInterrupt | Refused | ExplorerFault):
                raise
            patched = self.kernel.policy.patch is not None and what.startswith("the step")
            raise ValueError(f"{what} fails: {in_a_sentence(wrong, patched)}") from None
        finally:
            reads, self.watch.reads = self.watch.reads, None
            threads.reset(token)
            refusals.reset(noted)
        for cell, before in reads.items():
            if cell.thing.made and cell.index is None:  # an attribute that it does not have
                self.vary(cell)
            if cell.name == CONTENT and not still(cell.thing.object, before):
                self.watch.writes[cell] = None
        return result, reads

    def ask(self, state: array, question: Callable[[Kernel], object], name: str, known: bool):
        """What a question says of this state, and the cells that it read.

        `known`: it is one of ours. One of a user is asked in other orders, too.
        """
        answer, reads = self.watched(state, lambda: question(self.kernel), name)
        sets = orders_of_sets(self.values, self.watch)
        timers = orders_of_timers(self.kernel.timers, self.values, reads, self.clock)
        for _ in chain(timers, sets) if not known else ():
            again, _ = self.watched(state, lambda: question(self.kernel), name)
            if again != answer:
                raise Refused(f"{name} {DEPENDS}")
        for cell in self.watch.writes:
            number = state[cell.index] if cell.index is not None else 0
            if self.value_of(cell) != cell.values[number]:
                self.now = [-1] * len(self.now)
                raise Refused(f"the property changes {cell}: it may only look")
        return answer, reads

    def step(self, state: array, entry: Entry) -> tuple[dict, dict]:
        """Take a step from this state: the cells it read, and what it wrote to which.

        One that may have looked at a set of objects is taken in other orders of it, too.
        """
        reads, writes = self.taken(state, entry)
        for _ in orders_of_sets(self.values, self.watch):
            for cell in writes:
                if cell.index is None:  # load() takes it for constant still
                    self.put(cell, 0)
            if self.taken(state, entry)[1] != writes:
                raise Refused(f"the step {entry} {DEPENDS}")
        self.unnoted.check(state, writes)
        return reads, writes

    def taken(self, state: array, entry: Entry) -> tuple[dict, dict]:
        timers = self.values.things[id(self.kernel.timers)].cells[CONTENT]
        before = timers.values[state[timers.index] if timers.index is not None else 0]
        self.watch.stepping = True
        try:
            _, reads = self.watched(state, lambda: self.take(state, entry), f"the step {entry}")
        finally:
            self.watch.stepping = False
        if timers in reads:
            self.set_clock(reads, before)
        found = {cell: self.value_of(cell) for cell in self.watch.writes}
        made = self.nursery.place_new(found)
        writes = {**found, **made}
        for cell in writes:
            if cell.index is not None and cell.index < len(self.now):
                self.now[cell.index] = -1
        return reads, writes

    def take(self, state: array, entry: Entry) -> None:
        pid, function = entry_of(entry)
        if function is not None:
            fire_timer(self.kernel, pid, function)
            return
        task = self.tasks.get(pid) or next(t for t in self.kernel.tasks if t.pid == pid)
        thing = self.values.things[id(task)]
        thread, op = thing.cells[THREAD], thing.cells["op"]
        number = state[thread.index] if thread.index is not None else 0
        self.watch.reads[thread] = None
        for other in thread.mentions[number]:
            if type(other.object) in CONTAINERS:
                self.watch.read_all(other.object)
        frames = self.values.decode_thread(thread.values[number])
        does, frames = self.values.threads.resume(frames)
        object.__setattr__(task, "op", does)
        object.__setattr__(task, THREAD, frames)
        self.watch.writes[thread] = self.watch.writes[op] = None

    def function_of(self, task: Task) -> str:
        """The kernel function that this task is in; read as a step reads it."""
        thread = self.values.things[id(task)].cells[THREAD]
        self.watch.reads[thread] = None
        now = self.state[thread.index] if thread.index is not None else 0
        frames = thread.values[now][1:]
        kept = self.values.threads.kept
        return kept[frames[-1][0].value][0].__code__.co_name if frames else "do_exit"

    def set_clock(self, reads: dict, before: tuple) -> None:
        """Normalise the timers after a step that had to do with them."""
        settle(self.kernel, self.clock)
        things = self.values.things
        self.watch.writes[things[id(self.kernel.timers)].cells[CONTENT]] = None
        pending = {id(timer) for timer in self.kernel.timers}
        gone = [thing for thing in before[1:] if id(thing.object) not in pending]
        for thing in gone:
            thing.object.expires = thing.object.number = 0
        kept = [things[id(t)] for t in self.kernel.timers if id(t) in things]
        for thing in (*before[1:], *kept):  # their order is that of their keys
            reads[thing.cells["function"]] = reads[thing.cells["argument"]] = None
            task = things.get(id(thing.object.argument))
            if task is not None:
                reads[task.cells["pid"]] = None
            for name in ("expires", "number"):
                self.watch.writes[thing.cells[name]] = None
                if self.clock != "any":
                    reads[thing.cells[name]] = None
        if self.clock == "any":  # what is pending has no times: to compare them reads nothing
            for thing in before[1:]:
                reads.pop(thing.cells["expires"], None)
                reads.pop(thing.cells["number"], None)
        else:
            jiffies = self.root.cells["jiffies"]
            reads[jiffies] = self.watch.writes[jiffies] = None

    def value_of(self, cell: Cell):
        held = cell.thing.object
        return self.values.content(held) if cell.name == CONTENT else self.value(held, cell.name)

    def vary(self, cell: Cell) -> list[Cell]:
        """From now on this cell is part of every state, and so are those of the same role."""
        cells = [cell] if cell.alike is None else cell.alike.cells
        new = [cell for cell in cells if cell.index is None]
        for cell in new:
            if id(cell.thing.object) in self.shared and not cell.thing.made:
                raise Refused(
                    f"a step changes {cell}, which all machines of the scenario share: "
                    "make it in the scenario"
                )
            cell.index = len(self.variable)
            self.variable.append(cell)
            self.now.append(-1)
        return new
