"""Who may move in a state, and where everybody stands."""

from ..model.locks import TASK_RUNNING
from .layout import POSITION, Layout
from .refs import OWN, Ref


class Movers:
    """The tasks of a layout, by pid.

    A role is what equal tasks of equal groups have in common. A spot is where in the code a task
    is; a position is that and its locals.
    """

    def __init__(self, layout: Layout):
        self.layout = layout
        places = layout.places
        self.places = {
            pid: (
                places[ref, "state"],
                places[ref, POSITION],
                Ref(OWN if ref.group else 0, ref.place),
            )
            for pid, ref in layout.tasks.items()
        }
        self.single = [(pid, i) for pid, ((of, i), _, _) in self.places.items() if of == 0]
        self.members = [
            [(pid, i) for pid, ((of, i), _, _) in self.places.items() if of == group]
            for group in range(1, layout.groups + 1)
        ]
        self.known: dict[tuple, list[int]] = {}  # (group counted from 0, its part): who is awake
        positions = {(*position, role) for _, position, role in self.places.values()}
        self.lone_roles = [(where, role) for of, where, role in positions if of == 0]
        self.roles = [(where, role) for of, where, role in positions if of == 1]
        self.alone = [where for where, _ in self.lone_roles]
        self.timers = places[Ref(0, 0), "timers"][1]
        self.panicked = places[Ref(0, 0), "panicked"][1]

    def moves(self, state: tuple) -> list[int]:
        """Who may move: runnable tasks by pid, pending timers by the sleeper's pid, negative."""
        if state[self.panicked]:
            return []
        moves = self.awake_alone(state)
        for group, part in enumerate(state[self.layout.shared :]):
            moves += self.awake_in_group(group, part)
        if state[self.timers]:
            moves += sorted({-self.layout.pids[ref] for _, _, ref in state[self.timers]})
        return moves

    def awake_alone(self, state: tuple) -> list[int]:
        """Runnable tasks outside of the groups of equals."""
        return [pid for pid, index in self.single if state[index] == TASK_RUNNING]

    def awake_in_group(self, group: int, part: int) -> list[int]:
        """Runnable tasks in a group of equals, counted from 0."""
        awake = self.known.get((group, part))
        if awake is None:
            values = self.layout.parts[part]
            awake = [pid for pid, index in self.members[group] if values[index] == TASK_RUNNING]
            self.known[group, part] = awake
        return awake

    def unlike_moves(self, state: tuple) -> list[int]:
        """The same, without those of groups that are exactly as another one is."""
        twins = self.layout.twins(state)
        if not twins:
            return self.moves(state)
        tasks = self.layout.tasks
        return [move for move in self.moves(state) if tasks[abs(move)].group not in twins]

    def home(self, state: tuple, move: int) -> tuple:
        """(role, spot) of a task."""
        layout = self.layout
        _, (group, where), role = self.places[move]
        part = layout.parts[state[layout.shared + group - 1]] if group else state
        return role, layout.spots[part[where][0]]

    def standing(self, part: int) -> list[tuple]:
        """(role, spot) of every task in a group of equals."""
        values, spots = self.layout.parts[part], self.layout.spots
        return [(role, spots[values[where][0]]) for where, role in self.roles]

    def standing_alone(self, state: tuple) -> list[tuple]:
        """((role, spot), the group that it is at work on) of every other task."""
        found = []
        for where, role in self.lone_roles:
            kind, *foreign = state[where]
            at = foreign[0].group if foreign else 0
            found.append(((role, self.layout.spots[kind]), at))
        return found
