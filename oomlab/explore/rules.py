"""The transition relation of a scenario, learned from the model by watching it.

To explore every schedule one needs the successors of a state again and again, and a generator
cannot be copied. But a step is a function of what it reads. So each step is watched once, in a
machine replayed to that state; what it asked and what it changed become a rule, and in every other
state with the same answers the rule is applied to tuples. Nothing of the model is written twice:
the rules are the model's own, and what no rule covers is asked of the model itself. A question
about a state (a property) is answered in the same way.

A rule is a tree: a node asks for one place of the state, the answers lead to further nodes, the
leaves say what changes. A task in a group of equals has the rules of its role: they speak of "its
own group", unless they look into another group; then each group has its own (BY_GROUP).
"""

from collections.abc import Callable

from ..model.kernel import Kernel
from ..model.locks import TASK_RUNNING
from ..scheduler import fire_timer, run_schedule, take_step
from .layout import HOLDERS, OWN, POSITION, Layout, Ref
from .watch import Tracked, watching

Path = Callable[[], tuple[list[int], tuple]]  # the schedule to a state, and how groups moved


BY_GROUP = object()


class Relayout(Exception):
    """Something changed that was constant so far: states get one more value."""


class Node:
    """Ask for place (group, index): its value, or how it compares; then go on by the answer."""

    __slots__ = ("group", "index", "compare", "other", "answers")

    def __init__(self, group: int, index: int, compare, other):
        self.group, self.index = group, index
        self.compare, self.other = compare, other
        self.answers: dict = {}


class Rules:
    """Successors and properties of states, learned on demand."""

    def __init__(self, build: Callable[[], Kernel], symmetry: bool = True):
        self.layout = Layout(build, symmetry)
        self.asked = 0  # how often the model was run to learn something
        self.see_what_changes()

    def see_what_changes(self) -> None:
        """One arbitrary run: what changes in it gets a place in the states."""
        layout = self.layout
        kernel, refs = self.replay([], layout.same)
        for step in range(1000):
            moves = awake(kernel)
            if not moves:
                break
            with watching(refs) as seen:
                run_schedule(kernel, [moves[step % len(moves)]])
            for thing, ref, name in self.named(seen.touched, refs):
                if (
                    layout.token(getattr(thing, name), ref.group, refs, name)
                    != layout.initial[ref, name]
                ):
                    layout.add(ref, name)
            untrack(kernel, seen.touched, refs)
        for ref in layout.tasks.values():
            layout.add(ref, POSITION)
            layout.add(ref, "state")
        layout.add(Ref(0, 0), "timers")
        layout.add(Ref(0, 0), "panicked")
        self.relayout()

    def relayout(self) -> None:
        """Begin again with the places that are known now."""
        self.start = self.layout.arrange()
        places = self.layout.places
        self.trees: dict[tuple, Node | object] = {}
        self.movers = [
            (
                pid,
                places[ref, "state"],
                places[ref, POSITION],
                Ref(OWN if ref.group else 0, ref.place),
            )
            for pid, ref in self.layout.tasks.items()
        ]
        self.mover = {pid: rest for pid, *rest in self.movers}
        self.timers = places[Ref(0, 0), "timers"][1]
        self.panicked = places[Ref(0, 0), "panicked"][1]

    def moves(self, state: tuple) -> list[int]:
        """Who may move: runnable tasks by pid, pending timers by the sleeper's pid, negative."""
        if state[self.panicked]:
            return []
        layout = self.layout
        parts, shared = layout.parts, layout.shared
        moves = [
            pid
            for pid, (group, index), _, _ in self.movers
            if (parts[state[shared + group - 1]][index] if group else state[index]) == TASK_RUNNING
        ]
        if state[self.timers]:
            moves += sorted({-layout.pids[ref] for _, _, ref in state[self.timers]})
        return moves

    def successor(self, state: tuple, move: int, path: Path) -> tuple:
        """The state after one step of a task, or after its timer fired; not yet canonical."""
        layout = self.layout
        shared, parts = layout.shared, layout.parts
        if move > 0:
            (group, _), (_, where), role = self.mover[move]
            position = parts[state[shared + group - 1]][where] if group else state[where]
            if not group and len(position) > 1:  # a shared task at work on a group
                group = position[1].group
                position = layout.relative(position, group)
            rule = (role, position)
        else:
            group, rule = 0, (move, None)
        own = parts[state[shared + group - 1]] if group else ()
        if self.trees.get(rule) is BY_GROUP:
            rule = (*rule, group)
        changes = self.answer(rule, state, own, group)
        if changes is None:
            changes = self.learn_step(rule, state, own, move, group, path)
        new = list(state)
        mine = None
        for of, index, source, value in changes:
            if source is not None:
                value += self.value(state, own, source)
            elif group and of == 0 and type(value) in HOLDERS:
                value = layout.absolute(value, group, layout.names[index])
            if of == 0:
                new[index] = value
            elif of == OWN:
                if mine is None:
                    mine = list(own)
                mine[index] = value
            else:
                part = list(parts[new[shared + of - 1]])
                part[index] = value
                new[shared + of - 1] = layout.number(tuple(part))
        if mine is not None:
            new[shared + group - 1] = layout.number(tuple(mine))
        return tuple(new)

    def answer(self, rule: tuple, state: tuple, own: tuple, actor: int = 0):
        """Walk down a tree; None if it has no answer for this state. `actor`: who is "own"."""
        node, layout = self.trees.get(rule), self.layout
        shared, parts = layout.shared, layout.parts
        while type(node) is Node:
            group = node.group
            if group == 0:
                value = state[node.index]
                if actor and type(value) in HOLDERS:
                    value = layout.relative(value, actor, layout.names[node.index])
            elif group == OWN:
                value = own[node.index]
            else:
                value = parts[state[shared + group - 1]][node.index]
            if node.compare is not None:
                value = node.compare(value, node.other)
            node = node.answers.get(value)
        return node

    def keep(
        self, rule: tuple, seen, refs: dict, state: tuple, own: tuple, actor: int, result
    ) -> None:
        """Add a way down to a tree: first its own questions, then those of ours it does not ask."""
        asked = [(*place, compare, other) for source, compare, other in seen.noted
                 if (place := self.place(source, refs, actor)) is not None]  # fmt: skip
        holder, key, layout = self.trees, rule, self.layout
        while True:
            node = holder.get(key)
            if node is None:
                if not asked:
                    break
                node = holder[key] = Node(*asked[0])
            asked = [q for q in asked if q != (node.group, node.index, node.compare, node.other)]
            value = self.value(state, own, (node.group, node.index))
            if actor and node.group == 0 and type(value) in HOLDERS:
                value = layout.relative(value, actor, layout.names[node.index])
            holder, key = node.answers, node.compare(value, node.other) if node.compare else value
        holder[key] = result

    def value(self, state: tuple, own: tuple, source: tuple):
        group, index = source
        if group == OWN:
            return own[index]
        return (
            state[index]
            if group == 0
            else self.layout.parts[state[self.layout.shared + group - 1]][index]
        )

    def learn_step(self, rule: tuple, state: tuple, own: tuple, move: int, group: int, path: Path):
        """Replay to the state, watch the step, and keep what it asked and what it changed."""
        layout = self.layout
        schedule, moved = path()
        kernel, refs = self.replay(schedule, moved)
        concrete = self.concrete(move, moved)
        task = next(t for t, _ in refs.values() if getattr(t, "pid", None) == abs(concrete))
        with watching(refs) as seen:
            if move > 0:
                take_step(kernel, task)
            else:
                fire_timer(kernel, task.pid)
        changes, missing = [], []
        for thing, ref, name in self.named(seen.touched, refs):
            new = getattr(thing, name)
            place = layout.places.get((ref, name))
            if type(new) is Tracked and place is not None:
                source = self.place(new.source, refs, group)
                target = (OWN if group and place[0] == group else place[0], place[1])
                if new.offset or source != target:
                    changes.append((*target, source, new.offset))
                continue
            token = layout.token(int(new) if type(new) is Tracked else new, ref.group, refs, name)
            if place is None:
                if token != layout.initial[ref, name]:
                    missing.append((ref, name))
            elif token != self.value(state, own, place):
                target = OWN if group and place[0] == group else place[0]
                if target == 0 and group:
                    token = layout.relative(token, group, name) if type(token) in HOLDERS else token
                changes.append((target, place[1], None, token))
        if missing:
            for ref, name in missing:
                layout.add(ref, name)
            raise Relayout
        if move > 0:
            of, where = self.mover[move][1]
            position = layout.position(task, refs)
            if not of and group:
                position = layout.relative(position, group)
            changes.append((OWN if of else 0, where, None, position))
        result = tuple(changes)
        abroad = any(of > 0 for of, *_ in result) or self.looks_abroad(seen, refs, group)
        if group and abroad and len(rule) == 2:
            self.trees[rule] = BY_GROUP
            rule = (*rule, group)
        self.keep(rule, seen, refs, state, own, group, result)
        return result

    def looks_abroad(self, seen, refs: dict, group: int) -> bool:
        places = (self.place(source, refs, group) for source, _, _ in seen.noted)
        return any(place is not None and place[0] > 0 for place in places)

    def holds(self, name: str, question: Callable[[Kernel], object], state: tuple, path: Path):
        """question(kernel) in this state; the model is asked once for each way to answer it."""
        answer = self.answer(("question", name), state, ())
        if answer is None:
            kernel, refs = self.replay(*path())
            with watching(refs) as seen:
                answer = (bool(question(kernel)),)
            self.keep(("question", name), seen, refs, state, (), 0, answer)
        return answer[0]

    def place(self, source: tuple, refs: dict, group: int) -> tuple | None:
        number, name = source
        place = self.layout.places.get((refs[number][1], name)) if number in refs else None
        if place is not None and group and place[0] == group:
            return OWN, place[1]
        return place

    def replay(self, schedule: list[int], moved: tuple) -> tuple[Kernel, dict]:
        """A machine in the state that a schedule leads to, and the names of its objects.

        `moved[n]` is the group of the machine that the state calls n.
        """
        self.asked += 1
        kernel = self.layout.build()
        kernel.events = None
        names = [0] * len(moved)
        for new, old in enumerate(moved):
            names[old] = new
        refs = self.layout.refs(kernel, tuple(names))
        run_schedule(kernel, schedule)
        return kernel, refs

    def concrete(self, move: int, moved: tuple) -> int:
        """The pid in the machine of the task that the state calls `move`."""
        ref = self.layout.tasks[abs(move)]
        pid = self.layout.pids[Ref(moved[ref.group], ref.place)]
        return pid if move > 0 else -pid

    def ref(self, move: int) -> Ref:
        """The task that a move is of."""
        return self.layout.tasks[abs(move)]

    def named(self, touched, refs: dict) -> list[tuple]:
        return [(*refs[number], name) for number, name in touched if number in refs]


def awake(kernel: Kernel) -> list[int]:
    runnable = [task.pid for task in kernel.tasks if task.state == TASK_RUNNING]
    return runnable + sorted({-timer.argument.pid for timer in kernel.timers})


def untrack(kernel: Kernel, touched, refs: dict) -> None:
    """Plain numbers again, so that the next step is watched from the start."""
    for number, name in touched:
        if number in refs and type(getattr(refs[number][0], name)) is Tracked:
            setattr(refs[number][0], name, int(getattr(refs[number][0], name)))
