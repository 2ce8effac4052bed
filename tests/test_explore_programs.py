"""Programs of users drawn from a grammar: explore() against every schedule, with no state in mind.

Here a machine is only replayed: no fingerprint says that two are alike. So this is slow, and no
fault of the fingerprint or of the plain search can hide in it. The suite asks a hundred questions,
the same each time; `make fuzz` a hundred times OOMLAB_FUZZ others.
"""

import importlib.util
import os
import sys
from functools import partial
from random import Random

import pytest
import random_programs

import oomlab
from oomlab.explorer import plain
from oomlab.simulate.scheduler import run_schedule

WIDE = "OOMLAB_FUZZ" in os.environ
QUESTIONS = 100 * int(os.environ.get("OOMLAB_FUZZ", 1))
FIRST = int(os.environ.get("OOMLAB_FUZZ_FROM", 1000 if WIDE else 0))
PARTS = 4
ALL = 10**6  # steps: as many as there are
MOST = 400  # machines that are replayed for one program


class Truth:
    """The shortest way to each look and to a bad machine, and how far all schedules were tried."""

    def __init__(self, build, look, bad, clock: str):
        self.looks: dict[str, int] = {}
        self.bad, self.depth = None, ALL
        ways: list[list] = [[]]
        for number, way in enumerate(ways):  # grows; the nearest first
            if number == MOST:
                self.depth = len(way) - 1
                return
            kernel = build()
            run_schedule(kernel, way)
            self.looks.setdefault(look(kernel), len(way))
            if self.bad is None and bad(kernel):
                self.bad = len(way)
            ways += [[*way, entry] for entry in plain.enabled(kernel, clock)]

    def differs(self, said, length: int | None) -> str:
        """What is wrong with an answer, in words. `length`: of the shortest way; None: no way."""
        if said.verdict == "violated":
            steps = len(said.pids)
            right = steps == length or length is None and steps > self.depth
            return "" if right else f"violated after {steps}, not {length}"
        right = said.verdict == "bound-reached" or length is None or length > self.depth
        return "" if right else f"{said.verdict}, not violated after {length}"


def load(path, seed: int):
    """The module of this seed, from a file, and which clock and policy it is asked under."""
    path.write_text(random_programs.module(seed))
    spec = importlib.util.spec_from_file_location(path.stem, path)
    sys.modules[path.stem] = made = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(made)
    draw = Random(seed)
    return made, draw, draw.choice(plain.CLOCKS), draw.choice([*oomlab.PRESETS])


def questions(made, truth: Truth, draw: Random):
    """Each with the length of a shortest way to its violation, or None."""
    yield made.bad, truth.bad
    near = [text for text, length in truth.looks.items() if length <= truth.depth]
    for made.WANTED in draw.sample(near, min(2, len(near))):
        yield made.reached, truth.looks[made.WANTED]
    made.MET = dict.fromkeys(near)
    if truth.depth == ALL:
        yield made.unmet, None


@pytest.mark.parametrize("part", range(PARTS))
def test_explore_says_what_every_schedule_says(monkeypatch, tmp_path, part):
    asked, refused, wrong = 0, [], []
    seed = FIRST + part
    while asked < QUESTIONS // PARTS:
        made, draw, clock, policy = load(tmp_path / f"program{seed}.py", seed)
        monkeypatch.setitem(oomlab.SCENARIOS, "program", made.build)
        policy = oomlab.build("program", policy)[0].policy
        truth = Truth(partial(made.build, policy), made.look, made.bad, clock)
        for question, length in questions(made, truth, draw):
            asked += 1
            how = {"audit": draw.choice([None, 1.0]), "symmetry": draw.choice([None, True])}
            how |= {"clock": clock, "max_states": 2000}
            case = f"seed {seed}, {question.__name__}, {policy.name}, {how}"
            try:
                found = oomlab.explore("program", policy, question, **how)
            except ValueError as refusal:
                refused.append(f"{case}: {refusal}")
            except Exception as fault:
                wrong.append(f"{case}: {fault!r}")
            else:
                if difference := truth.differs(found, length):
                    wrong.append(f"{case}: {difference}")
        del sys.modules[made.__name__]
        seed += PARTS
    if WIDE:
        print(f"\npart {part}: {asked} asked, {len(refused)} refused, {len(wrong)} differ")
    assert not wrong, "\n".join(wrong)
    assert len(refused) < asked / 5, "\n".join(refused)
    assert not [refusal for refusal in refused if "\n" in refusal]
