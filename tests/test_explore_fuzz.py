"""Random machines, programs, policies, questions and clocks: explore() against the plain search.

A comparison is one question with one set of reductions. The suite makes 300, the same each time;
`make fuzz` makes 20,000 (a thousand times OOMLAB_FUZZ, from case OOMLAB_FUZZ_FROM on).
"""

import os
from random import Random

import oracles
import pytest
import random_machines

import oomlab
from oomlab import explore
from oomlab.explorer import plain
from oomlab.simulate.scheduler import run_schedule

WIDE = "OOMLAB_FUZZ" in os.environ
COMPARISONS = 1000 * int(os.environ["OOMLAB_FUZZ"]) if WIDE else 300
FIRST = int(os.environ.get("OOMLAB_FUZZ_FROM", 0))
PARTS = 10
MOST = 60 if WIDE else 40  # states of the plain search

REDUCTIONS = [
    {},
    {"symmetry": False},
    {"audit": 1.0},
]


def step(kernel, entry) -> None:
    run_schedule(kernel, [entry])


def never(case, build) -> list[str]:
    """Differences between plain.py and explore() in one question, each reduction asked."""
    try:
        verdict, schedule, *_ = plain.explore(build, case.question, case.clock, MOST)
    except Exception as broken:  # a program that breaks: to be refused, whatever the reductions
        verdict, schedule = f"breaks: {broken!r}", []
    found = []
    more = [{"symmetry": True}] if case.symmetric else []
    for reductions in REDUCTIONS + more:
        answer = asked(
            case, case.question, most=MOST * (3 if verdict == "holds" else 1), **reductions
        )
        wrong = difference(case, build, answer, verdict, len(schedule))
        found.append(f"case {case.seed} {reductions}: {wrong}" if wrong else "")
    return found


def asked(case, question, most: int = MOST, **how):
    """What explore() says, or the sentence with which it refuses."""
    try:
        return explore("fuzz", case.policy, question, clock=case.clock, max_states=most, **how)
    except ValueError as refusal:
        return str(refusal)


def difference(case, build, answer, verdict: str, length: int) -> str:
    """What is wrong with an answer, in words; a refusal is right where plain.py may not see."""
    if isinstance(answer, str):
        return "" if "\n" not in answer else f"not one sentence: {answer}"
    if verdict.startswith("breaks"):
        return f"holds, but a program {verdict}" if answer.verdict == "holds" else ""
    if answer.verdict == "violated":
        kernel = plain.reach(build, answer.pids)
        if not case.question(kernel):
            return "the schedule does not violate"
        if verdict == "violated" and len(answer.pids) != length:
            return f"violated after {len(answer.pids)}, not {length}"
    if verdict == "bound-reached" or answer.verdict == verdict:
        return ""
    return f"{answer.verdict} after {answer.states} states, truth {verdict} {length}"


def switches_traces_and_liveness(case, build) -> list[str]:
    """The other questions that one may ask, where all states are few."""
    draw = Random(case.seed)
    try:
        graph = oracles.Graph(build, case.clock, MOST)
        monitor = draw_monitor(draw)
        trace = oracles.shortest_trace(build, monitor, case.clock, 2 * MOST)
        bad = graph.answers(case.question)
    except Exception:
        return []
    found = []
    if trace is not None:
        answer = asked(case, monitor, 10 * MOST)
        if not isinstance(answer, str):
            said = len(answer.pids) if answer.verdict == "violated" else -1
            found.append("" if said == trace else f"case {case.seed} trace {said}, truth {trace}")
    if graph.whole:
        truth = oracles.fewest_switches(graph, bad)
        answer = asked(case, case.question, 10 * MOST, prefer="switches")
        if not isinstance(answer, str):
            said = answer.switches() if answer.verdict == "violated" else -1
            found.append("" if said == truth else f"case {case.seed} switches {said}, not {truth}")
        lasso = oracles.fair_lasso(graph, bad)
        wanted = oomlab.explorer.Property("fuzz", "eventually", "", case.question)
        answer = asked(case, wanted, 10 * MOST)
        if not isinstance(answer, str):
            said = answer.verdict == "violated"
            found.append("" if said == lasso else f"case {case.seed} lasso {said}, not {lasso}")
    return found


def draw_monitor(draw: Random):
    """A property of traces: some words, then others, perhaps by the same task."""
    first, then = draw.choice(WORDS), draw.choice(WORDS)
    same, often = draw.random() < 0.5, draw.randint(1, 2)

    def monitor(memory, step):
        seen = memory or ()
        if len(seen) >= often and step["does"].startswith(then):
            if not same or step["task"] == seen[0]:
                return True
        if step["does"].startswith(first) and len(seen) < often:
            return (*seen, step["task"])
        return memory

    return monitor


WORDS = [
    "wait",
    "lock",
    "fault",
    "allocate",
    "trylock",
    "SIGKILL",
    "mark",
    "timer",
    "unmap",
    "free 2",
]


@pytest.mark.parametrize("part", range(PARTS))
def test_explore_says_what_plain_says(monkeypatch, part):
    done, differences = 0, []
    number = FIRST + part
    while done < COMPARISONS // PARTS:
        seed, number = number, number + PARTS
        try:
            case = random_machines.case(seed, plain.enabled, step)
        except Exception:  # no such machine, or a program that breaks on the way
            continue

        def build(case=case):
            return case.build(case.policy)

        monkeypatch.setitem(oomlab.SCENARIOS, "fuzz", case.build)
        answers = never(case, build)
        if WIDE or seed % 4 == 0:
            answers += switches_traces_and_liveness(case, build)
        done += len(answers)
        differences += filter(None, answers)
    if WIDE:
        print(f"\npart {part}: {done} comparisons, {len(differences)} differences")
    assert not differences, "\n".join(differences)
