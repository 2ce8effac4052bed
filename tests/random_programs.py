"""Programs as a user may write them, drawn from a grammar: `module(seed)` is the text of a module.

A module has `build(policy)`, a machine of two or three tasks that share one object; and
properties: `bad(kernel)`; `reached`, that what is shared looks as WANTED; `unmet`, as nothing in
MET. The explorer reads source, so the text is to be written into a file. Where a yield may stand,
what a loop runs over, what is shared and in which ways it is changed: all that is drawn. Every
expression has a value in every state.
"""

from random import Random

HEAD = """from functools import partial
from oomlab.model.fork import fork
from oomlab.model.kernel import Kernel
from oomlab.model.mm import ANON, VMA
from oomlab.model.tasks import do_send_sigkill
from oomlab.scenarios.programs import hang, locked, look as read, sleep, touch
from shared_by_programs import *
"""


def lines(text: str) -> list[str]:
    """The entries of a table, one a line or between ~; \\n in one stands for a line of its own."""
    entries = text.strip().replace(" ~ ", "\n").split("\n")
    return [entry.replace(r"\n", "\n") for entry in entries]


# In the tables {a} and {b} stand for numbers, {many} for a sequence of them, {test} for a truth,
# {items} for a list that is shared, {new} and {other} for names that are not in use, and {inner}
# for a number in which {new} has a value.
NUMBERS = lines("""
({a} + {b}) % 4 ~ {a} * {b} % 3 ~ ({a} if {test} else {b})
sum({inner} for {new} in {many}) % 5 ~ max({many}, default={a})
(lambda {new}={a}: {inner})()
[*map(lambda {new}: {inner}, {many}), {b}][0] ~ s.table.get(s.word, {a}) ~ s.read({a})
(s.message.number if s.message else {a}) ~ getattr(s, 'late', {a})
""")

TESTS = lines("""
{a} < {b} ~ 0 < {a} <= {b} ~ {a} in {many} ~ any({inner} == 1 for {new} in {many})
({new} := {a}) > {b} or {new} == 1 ~ s.on ~ s.items is s.other ~ s.message is None
s.color is Color.GREEN ~ hasattr(s, 'late') ~ 'b' in s.table ~ s.items == [1, 2]
s.mutex.owner is None
""")

HELD = ["s.items", "s.other", "s.lists[0]", "s.fixed", "s.queue"]
SEQUENCES = lines("""
[{inner} for {new} in {held}] ~ sorted({held}, reverse=s.on) ~ [*{held}, {a}]
list({held})[::-1] ~ list(s.table.values()) ~ range({a})
""")

PLAIN = lines(r"""
s.n = {a} % 4 ~ s.m = {a} % 4 ~ s.n, s.m = s.m, s.n ~ s.n += 1 - s.n // 3
s.on = {test} ~ s.word = f'{{s.n}}b'[:2] ~ {items}.append({a}) ~ {items}.insert(0, {a})
if {items}: {items}.pop() ~ {items}[:] = {many} ~ del {items}[1:] ~ {items}.clear()
{items}.sort(key=lambda {new}: -{new}) ~ s.items = {items} ~ s.items = [*s.items]
s.other = {items} ~ s.lists.append({items}) ~ s.lists.reverse() ~ s.lists[0] = [{a}]
s.queue.append({a}) ~ s.queue.rotate() ~ s.queue = deque(s.queue, 2)
s.table[s.word] = {a} ~ s.table |= {{'b': {a}}}
s.table = {{k: v + 1 & 3 for k, v in reversed(s.table.items())}}
s.fixed = (*{many}, {a})[-3:] ~ s.point = Point({a}, {b})
s.message = Message(s.word, {a}) ~ s.message = None
if s.message: s.message.number = {a} ~ s.slots.a = {a} ~ s.slots = Slotted(s.n)
s.color = Color(1 - s.color.value) ~ s.late = {a} ~ if hasattr(s, 'late'): del s.late
s.wait.wake_up()
{new}, *{other} = [*{many}, {a}]; s.n, s.fixed = {new}, tuple({other})
try:\n    s.n = s.items[{a}]\nexcept IndexError:\n    s.m = {b}
for {new} in list({many}):\n    if {new} > 1: s.m = {new}; break\nelse:\n    s.m = 0
def {other}({new}, by={a}):\n    return {new} + by + s.n\ns.n = {other}({b}) % 4\ndel {other}
do_send_sigkill(next(t for t in current.kernel.tasks if t.name[0] == 't'))
""")

STOPS = lines("""
yield "do", "it" ~ yield "see", s.n ~ yield "see", s.items ~ yield "see", f"{{s.m}}"
yield from sleep(current, s.n) ~ yield from s.wait.wait(current)
yield from locked(current, s.mutex, (child, s))
yield from fork(current, "c", ((child, s), (hang,)))
yield from touch(current, "heap", 1) ~ yield from read(current, "heap")
s.n, *_ = yield from pair(current, s) ~ {items}[:1] = yield from pair(current, s)
s.m = -(yield from partial(pair, current)(s))[0] % 4
""")

LOOPS = lines("""
for {new} in s.items: ~ for {new} in s.other: ~ for {new} in reversed(s.items):
for {new} in s.fixed: ~ for {new} in map(twice, s.items):
for {new} in map(s.read, s.items): ~ for {new} in filter(None, s.other):
for {other}, {new} in enumerate(s.items):
for {new}, {other} in zip(s.items, reversed(s.other)):
for {new}, *{other} in [(1, s.n), (s.m,)]: ~ for {new} in list({many})[:2]:
for _, {new} in tuple(s.table.items()): ~ for {new} in range(2):
""")
ODD_LOOPS = lines("""
for s.n in (s.m, 2):
for s.items[:1], *{other} in [([1], 2), ([s.n, 3],)]: ~ for {other} in s.word:
""")

MATCHED = ["s.fixed", "s.point", "s.message", "s.items", "s.n"]
CASES = ["({new}, {other})", "Message(number={new})", "[{new}, *_]", "int({new})"]


class Writer:
    """The lines of one module. `names`: the locals that hold numbers where the next line stands."""

    def __init__(self, seed: int):
        self.draw, self.lines = Random(f"program {seed}"), [HEAD]
        self.made = 0

    def line(self, depth: int, text: str) -> None:
        self.lines += ["    " * depth + part for part in text.split("\n")]

    def new(self) -> str:
        self.made += 1
        return f"v{self.made}"

    def filled(self, text: str, names: list[str], deep: int = 2, **more: str) -> str:
        """A line of a table with something for each of its words."""
        more = {"new": self.new(), "other": self.new(), **more}
        words = {
            "a": lambda: self.number(names, deep - 1),
            "b": lambda: self.number(names, deep - 1),
            "many": lambda: self.sequence(names, deep - 1),
            "held": lambda: self.draw.choice(HELD),
            "items": lambda: self.draw.choice(HELD[:3]),
            "test": lambda: self.filled(self.draw.choice(TESTS), names, deep - 1),
            "inner": lambda: self.number([*names, more["new"]], deep - 1),
        }
        used = {word: make() for word, make in words.items() if f"{{{word}}}" in text}
        return text.format(**used, **more)

    def number(self, names: list[str], deep: int) -> str:
        if deep <= 0 or self.draw.random() < 0.4:
            plain = ("s.n", "s.m", "s.slots.a", "s.point.x", "len(s.items)", "1")
            return self.draw.choice([*plain, *names, *names])
        return self.filled(self.draw.choice(NUMBERS), names, deep)

    def sequence(self, names: list[str], deep: int) -> str:
        if deep <= 0 or self.draw.random() < 0.5:
            return self.draw.choice(HELD)
        return self.filled(self.draw.choice(SEQUENCES), names, deep)

    def plain(self, names: list[str]) -> str:
        return self.filled(self.draw.choice(PLAIN), names)

    # ---------------------------------------------------------------- statements with yields
    def block(self, depth: int, names: list[str], yields: int, loop: bool = False) -> None:
        """Some statements, about so many of which yield. What is bound in it stays in it."""
        names = [*names]
        for _ in range(yields):
            if self.draw.random() < 0.6 or depth > 3:
                self.stop(depth, names)
            else:
                self.compound(depth, names, yields - 1, loop)
            self.line(depth, self.plain(names))
        self.line(depth, self.plain(names) if not yields else "pass")
        if loop and self.draw.random() < 0.3:
            leave = self.draw.choice(["break", "continue", "return 1"])
            self.line(depth, self.filled(f"if {{test}}: {leave}", names))

    def stop(self, depth: int, names: list[str]) -> None:
        if self.draw.random() < 0.8:
            self.line(depth, self.filled(self.draw.choice(STOPS), names))
        else:
            names.append(self.new())
            self.line(
                depth, self.filled(f"{names[-1]} = yield from g(current, s, {{a}})", names[:-1])
            )

    def compound(self, depth: int, names: list[str], yields: int, loop: bool) -> None:
        kind = self.draw.choice(["for", "for", "for", "while", "if", "try", "match"])
        new, once = self.new(), max(yields, 1)
        if kind in ("for", "while"):
            loops = [(LOOPS, [*names, new]), (LOOPS, [*names, new]), (ODD_LOOPS, names)]
            if kind == "while":
                self.line(depth, f"{new} = 0")
                loops = [(["while {new} < 2 and {test}:\n    {new} += 1"], [*names, new])]
            table, inner = self.draw.choice(loops)
            self.line(depth, self.filled(self.draw.choice(table), names, new=new))
            self.line(depth + 1, "if len(s.items) > 5: break")
            self.block(depth + 1, inner, once, True)
            if self.draw.random() < 0.3:
                self.line(depth, "else:")
                self.block(depth + 1, names, once)
        elif kind == "if":
            test = self.draw.choice(["{test}", "(yield from g(current, s, 1)) > {a}"])
            self.line(depth, self.filled(f"if {test}:", names))
            self.block(depth + 1, names, yields, loop)
            self.line(depth, "else:")
            self.block(depth + 1, names, yields, loop)
        elif kind == "try":
            self.line(depth, "try:")
            self.block(depth + 1, names, once, loop)
            caught = self.draw.random() < 0.7
            if caught:
                self.line(depth + 1, self.filled("if {test}: raise Wrong", names))
                self.line(depth, "except Wrong:")
                self.block(depth + 1, names, yields, loop)
            if not caught or self.draw.random() < 0.5:
                self.line(depth, "finally:")
                self.line(depth + 1, self.plain(names))
        else:
            self.line(depth, f"match {self.draw.choice(MATCHED)}:")
            for case in self.draw.sample(CASES, 2):
                self.line(depth + 1, self.filled(f"case {case}:", names, new=new))
                self.block(depth + 2, [*names, new], yields, loop)

    # ---------------------------------------------------------------- the module
    def module(self) -> str:
        tasks, equal = self.draw.choice([2, 2, 3]), self.draw.random() < 0.5
        self.line(0, "def g(current, s, v):")
        self.line(1, f"{self.plain(['v'])}\nyield 'go', 'on'")
        self.line(1, f"{self.plain(['v'])}\nreturn {self.number(['v'], 2)}")
        for number in range(1 if equal else tasks):
            self.line(0, f"def step{number}(current, s):")
            self.block(1, [], 5 - tasks)
            self.line(1, f"yield 'end', s.n\n{self.plain([])}")
        self.line(0, "def reached(kernel):\n    return look(kernel) == WANTED")
        self.line(0, "def unmet(kernel):\n    return look(kernel) not in MET")
        self.line(0, "def bad(kernel):\n    s = of(kernel)")
        self.line(1, self.filled("return {test} and not {test}", [], 3))
        self.line(
            0, "def build(policy):\n    kernel, s = Kernel(policy, 64, min_kbytes=32), Shared()"
        )
        for number in range(tasks):
            program = f"((step{0 if equal else number}, s), (hang,)), vmas=(VMA('heap', ANON),)"
            self.line(1, f"t{number} = kernel.spawn('t{number}', {program})")
        self.line(1, "kernel.spawn('shared', ((hang, s),))")
        names = ", ".join(f"[t{number}]" for number in range(tasks))
        self.line(1, f"kernel.symmetric = [{names if equal else ''}]\nreturn kernel")
        return "\n".join(self.lines) + "\n"


def module(seed: int) -> str:
    return Writer(seed).module()
