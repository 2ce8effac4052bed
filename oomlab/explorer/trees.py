"""Rules about states, as trees; nothing here knows the model.

A node asks for one place of the state, the answers lead to further nodes, the leaves say what
changes. A task in a group of equals has the rules of its role: they speak of "its own group" and of
"the first other group", never of group 3.
"""

from .independence import StepKind
from .layout import Layout
from .refs import HIDDEN, HOLDERS, OWN, Ref, meant_group, seen_group


class Effect:
    """What a step does when its questions have these answers: a leaf of a tree."""

    __slots__ = ("changes", "kind")

    def __init__(self, changes: tuple, kind: StepKind):
        self.changes = changes  # (group, index, source or None, value or difference)
        self.kind = kind


class Node:
    """Ask for a place: its value, or how it compares; then go on by the answer."""

    __slots__ = ("place", "compare", "other", "answers")

    def __init__(self, place: tuple[int, int], compare, other):
        self.place = place
        self.compare, self.other = compare, other
        self.answers: dict = {}


class Trees:
    """Trees by rule, over the places of a layout."""

    def __init__(self, layout: Layout):
        self.layout = layout
        self.trees: dict[tuple, Node | Effect | tuple] = {}

    def answer(self, rule: tuple, state: tuple, actor: int = 0):
        """Walk down a tree; None if it has no answer for this state. `actor`: who is "own"."""
        node, layout = self.trees.get(rule), self.layout
        own = layout.parts[state[layout.shared + actor - 1]] if actor else ()
        while type(node) is Node:
            group, index = node.place
            answer = own[index] if group == OWN else state[index] if group == 0 else HIDDEN
            if group > 0 or actor and type(answer) in HOLDERS:
                answer = self.value(state, node.place, actor)
            if node.compare is not None:
                answer = node.compare(answer, node.other)
            node = node.answers.get(answer)
        return node

    def value(self, state: tuple, place: tuple, actor: int):
        """What the state holds at a place, as the actor sees both."""
        group, index = place
        layout = self.layout
        if group == 0:
            value = state[index]
            if actor and type(value) in HOLDERS:
                return layout.relative(value, actor, 0, layout.names[index])
            return value
        group = meant_group(group, actor)
        value = layout.parts[state[layout.shared + group - 1]][index]
        return layout.relative(value, actor, group) if type(value) in HOLDERS else value

    def apply(self, state: tuple, effect: Effect, group: int) -> tuple:
        """The state after this effect."""
        layout = self.layout
        shared, parts = layout.shared, layout.parts
        new = list(state)
        mine = None
        for of, index, source, value in effect.changes:
            if source is not None:
                value += self.value(state, source, group)
            if of == OWN:
                if type(value) in HOLDERS:
                    value = layout.absolute(value, group, group)
                if mine is None:
                    mine = list(parts[state[shared + group - 1]])
                mine[index] = value
            elif of == 0:
                if group and type(value) in HOLDERS:
                    value = layout.absolute(value, group, 0, layout.names[index])
                new[index] = value
            else:
                at = meant_group(of, group)
                part = list(parts[new[shared + at - 1]])
                part[index] = layout.absolute(value, group, at) if type(value) in HOLDERS else value
                new[shared + at - 1] = layout.number(tuple(part))
        if mine is not None:
            new[shared + group - 1] = layout.number(tuple(mine))
        return tuple(new)

    def keep(self, rule: tuple, asked: dict, state: tuple, actor: int, result) -> None:
        """Add a way down to a tree: first its own questions, then those of ours it does not ask."""
        asked = [(place, compare, other) for place, compare, other, _ in asked]
        holder, key = self.trees, rule
        while True:
            node = holder.get(key)
            if node is None:
                if not asked:
                    break
                node = holder[key] = Node(*asked[0])
            asked = [q for q in asked if q != (node.place, node.compare, node.other)]
            value = self.value(state, node.place, actor)
            holder, key = node.answers, node.compare(value, node.other) if node.compare else value
        holder[key] = result

    def place(self, ref: Ref, name: str, actor: int) -> tuple | None:
        """Where an attribute is kept, as the actor calls it; None if it never changes."""
        place = self.layout.places.get((ref, name))
        return place and (seen_group(place[0], actor), place[1])
