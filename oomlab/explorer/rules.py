"""The transition relation of a scenario, learned from the model by watching it.

To explore every schedule one needs the successors of a state again and again, and a generator
cannot be copied. But a step is a function of what it reads. So each step is watched once, in a
machine replayed to that state; what it asked and what it changed become a rule, and in every other
state with the same answers the rule is applied to tuples. Nothing of the model is written twice:
the rules are the model's own, and what no rule covers is asked of the model itself. A question
about a state (a property) is answered in the same way.

The rules are trees, see trees.py. Here they are learned, and looked up.
"""

from collections import Counter
from collections.abc import Callable

from ..model.kernel import Kernel
from ..model.locks import TASK_RUNNING
from ..simulate.scheduler import fire_timer, take_step
from .independence import StepKind, footprint
from .layout import POSITION, Layout
from .movers import Movers
from .refs import OWN, UNORDERED, Ref, entry, run_moves, seen_group
from .trees import Effect, Node, Trees
from .walks import Unequal, put_in_order, run_walks
from .watch import Tracked, watching

Path = Callable[[], tuple[list[int], tuple]]  # the schedule to a state, and how groups moved


class Relayout(Exception):
    """Something changed that was constant so far: states get one more value."""


class Rules(Trees):
    """Successors and properties of states, learned on demand."""

    def __init__(self, build: Callable[[], Kernel], symmetry: bool = True):
        super().__init__(Layout(build, symmetry))
        self.see_what_changes()

    def see_what_changes(self) -> None:
        """One arbitrary run: what changes in it gets a place in the states."""
        layout = self.layout
        kernel, refs = self.replay([], layout.same)
        quiet = 0  # steps in which nothing changed that had not changed before
        for step in range(1000):
            moves = awake(kernel)
            if not moves or quiet > 50:
                break
            known, quiet = len(layout.changing), quiet + 1
            with watching(refs, layout.order) as seen:
                run_moves(kernel, [moves[step % len(moves)]])
            for thing, ref, name in self.named(seen.touched, refs):
                if (
                    layout.token(getattr(thing, name), ref.group, refs, name)
                    != layout.initial[ref, name]
                ):
                    layout.add(ref, name)
            asked = [(refs[n][1], name) for (n, name), _, _ in seen.noted if n in refs]
            met = Counter((ref.place, name) for ref, name in {*asked} if ref.group)
            layout.walked.update(place for place, times in met.items() if times > 1)
            if len(layout.changing) > known:
                quiet = 0
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
        self.trees.clear()
        self.kinds: dict[StepKind, StepKind] = {}
        self.looked_at: set = set()  # what the property was seen to ask for
        self.movers = Movers(self.layout)
        self.moves, self.unlike_moves = self.movers.moves, self.movers.unlike_moves

    def successors(self, state: tuple, move: int, path: Path) -> list[tuple]:
        """(turn, state) after a step of a task or its timer; not canonical. See outcomes()."""
        return [
            (turn, self.apply(turned, effect, group))
            for turn, turned, effect, group in self.outcomes(state, move, path)
        ]

    def successor(self, state: tuple, move: int, path: Path) -> tuple:
        """The state after one step of a task, or after its timer fired, without symmetry."""
        return self.apply(state, *self.effect_of(state, move, path))

    def outcomes(self, state: tuple, move: int, path: Path) -> list[tuple]:
        """All that a move can do: (how the groups were turned, the state then, effect, group).

        That is one thing and no turn, unless the step chooses one of the equals; see walks.py.
        """
        effect, group = self.effect_of(state, move, path)
        if not effect.kind.chooses:
            return [(None, state, effect, group)]
        first = effect.kind.chooses == "first"
        turns = self.layout.leads if first else self.layout.turns
        found: dict[tuple, tuple] = {}
        for turn in turns:
            turned = self.layout.renamed(state, turn)
            if turned not in found and not (first and found and self.goes_on(turned, move)):

                def turned_path(turn=turn) -> tuple[list, tuple]:
                    schedule, moved = path()
                    return schedule, tuple([moved[group] for group in turn])

                found[turned] = turn, turned, *self.effect_of(turned, move, turned_path)
        return list(found.values())

    def goes_on(self, state: tuple, move: int) -> bool:
        """Is it known that a step looks at more than the first group? Then that is not chosen."""
        node = self.trees.get(self.rule_of(state, move)[0])
        while type(node) is Node and node.place[0] <= 1:
            answer = self.value(state, node.place, 0)
            node = node.answers.get(node.compare(answer, node.other) if node.compare else answer)
        return type(node) is Node

    def effect_of(self, state: tuple, move: int, path: Path) -> tuple[Effect, int]:
        """What this move does here, and the group of equals that it is at work on (0: none)."""
        rule, group = self.rule_of(state, move)
        effect = self.answer(rule, state, group)
        if effect is None:
            effect = self.learn_step(rule, state, move, group, path)
        return effect, group

    def rule_of(self, state: tuple, move: int) -> tuple[tuple, int]:
        """By which rule a move goes here, and the group of equals that it is at work on."""
        if move < 0:
            return (move,), 0
        layout = self.layout
        (group, _), _, role = self.movers.places[move]
        position, holder = self.stand(state, move), group
        if len(position) > 1:
            group = group or position[1].group  # a shared task at work on a group
            position = layout.relative(position, group, holder)
        return (role, position, 0 if layout.symmetry else group), group

    def stand(self, state: tuple, move: int) -> tuple:
        """The position of a task: who stands there is about to do the same."""
        if move < 0:
            return ()
        (group, _), (_, where), _ = self.movers.places[move]
        return (
            self.layout.parts[state[self.layout.shared + group - 1]][where]
            if group
            else (state[where])
        )

    def learn_step(self, rule: tuple, state: tuple, move: int, group: int, path: Path) -> Effect:
        """Replay to the state, watch the step, and keep what it asked and what it changed."""
        layout = self.layout
        schedule, moved = path()
        kernel, refs = self.replay(schedule, moved)
        concrete = self.concrete(move, moved)
        task = next(t for t, _ in refs.values() if getattr(t, "pid", None) == abs(concrete))
        with watching(refs, layout.order) as seen:
            if move > 0:
                take_step(kernel, task)
            else:
                fire_timer(kernel, *entry(kernel, -task.pid))
        changes, missing, outcome = [], [], set()
        for thing, ref, name in self.named(seen.touched, refs):
            new, target = getattr(thing, name), self.place(ref, name, group)
            if type(new) is Tracked and target is not None:
                thing, name = new.source
                source = self.place(refs[thing][1], name, group)
                if new.offset or source != target:
                    changes.append((*target, source, new.offset))
                continue
            token = layout.token(int(new) if type(new) is Tracked else new, ref.group, refs, name)
            if target is None:
                if token != layout.initial[ref, name]:
                    missing.append((ref, name))
                continue
            token = layout.relative(token, group, ref.group, name)
            source = id(thing), name
            blindly = source in seen.written and (source, None, None) not in seen.noted
            if blindly or token != self.value(state, target, group):
                changes.append((*target, None, token))
                if name not in UNORDERED:
                    outcome.update([target[0], *layout.groups_in(token)])
        if missing:
            for ref, name in missing:
                layout.add(ref, name)
            raise Relayout
        position = layout.relative(layout.position(task, refs), group, refs[id(task)][1].group)
        asked = self.questions(seen, refs, group)
        if move > 0:
            outcome.update(layout.groups_in(position))
            chooses = self.chooses(outcome, rule, seen, refs, group) if layout.symmetry else ""
            kind = self.kind_of_step(rule, move, asked, changes, group, position, chooses)
        else:
            kind = StepKind(rule[0], None, None, True, "", footprint(asked, changes, layout))
        effect = Effect(tuple(changes), self.kinds.setdefault(kind, kind))
        self.keep(rule, asked, state, group, effect)
        return effect

    def chooses(self, outcome: set, rule: tuple, seen, refs: dict, group: int) -> str:
        """Did a step choose among equals? It then came to one that nothing had named to it.

        "first" if it looked at no more of them after that, "best" if it did.
        """
        layout = self.layout
        named = {0, OWN, *layout.groups_in(rule[1])}
        if outcome <= named:
            return ""
        words = []  # (who says, whom he names)
        for ((number, name), compare, _), answer in seen.noted.items():
            if compare is None and number in refs and name not in UNORDERED:
                of = refs[number][1].group
                token = layout.relative(layout.token(answer, of, refs, name), group, of)
                words.append((seen_group(of, group), layout.groups_in(token)))
        for _ in layout.same:
            named.update(*(whom for who, whom in words if who in named))
        if outcome <= named:
            return ""
        if group:
            raise Unequal  # one of them chooses, or one who is at work on one of them
        return "best" if seen.to_the_end else "first"

    def kind_of_step(
        self,
        rule: tuple,
        move: int,
        asked: list,
        changes: list,
        group: int,
        position: tuple,
        chooses: str,
    ) -> StepKind:
        """What kind of step it was, for Independence; adds the new position to the changes."""
        layout = self.layout
        (of, index), (_, where), role = self.movers.places[move]
        own = OWN if of else 0
        needed = [((own, index), None, None, TASK_RUNNING)]  # else it could not move
        mine = footprint([*asked, *needed], changes, layout)
        before, after = layout.spots[rule[1][0]], layout.spots[position[0]]
        changes.append((own, where, None, position))
        at = position[1].group if len(position) > 1 else 0
        keeps = bool(of) or at == (OWN if group else 0)
        return StepKind(role, before, after, keeps, chooses, mine)

    def questions(self, seen, refs: dict, group: int) -> list[tuple]:
        """(place, comparison, with what, answer) of all that was asked of places that change."""
        return [
            (place, compare, other, answer)
            for ((number, name), compare, other), answer in seen.noted.items()
            if number in refs and (place := self.place(refs[number][1], name, group)) is not None
        ]

    def holds(self, name: str, question: Callable[[Kernel], object], state: tuple, path: Path):
        """question(kernel) in this state; the model is asked once for each way to answer it."""
        answer = self.answer(("question", name), state)
        if answer is None:
            kernel, refs = self.replay(*path())
            with watching(refs, self.layout.order, asks=True) as seen:
                answer = (bool(question(kernel)),)
            asked = self.questions(seen, refs, 0)
            looks = footprint(asked, [], self.layout)
            self.looked_at |= looks.minds | looks.relies
            self.keep(("question", name), asked, state, 0, answer)
        return answer[0]

    def replay(self, schedule: list[int], moved: tuple) -> tuple[Kernel, dict]:
        """A machine in the state that a schedule leads to, and the names of its objects.

        `moved[n]` is the group of the machine that the state calls n.
        """
        kernel = self.layout.build()
        kernel.events = None
        names = [0] * len(moved)
        for new, old in enumerate(moved):
            names[old] = new
        refs = self.layout.refs(kernel, tuple(names))
        run_walks(kernel, self.layout, schedule)
        put_in_order(kernel.tasks, self.layout, moved)
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
