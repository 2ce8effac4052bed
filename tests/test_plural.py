"""One of a thing is called by its singular, in each sentence that counts."""

import re

import pytest

import oomlab
from oomlab.model.kernel import Kernel
from oomlab.plural import plural

ONE = re.compile(
    r"\b1 (steps|context switches|pages|states|transitions|seeds|runs|tasks|ticks|victims|reports"
    r"|processes)\b"
)


def test_a_noun_has_two_forms():
    assert [plural(n, "step") for n in (0, 1, 2)] == ["0 steps", "1 step", "2 steps"]
    assert plural(2, "process") == "2 processes" and plural(2, "switch") == "2 switches"


@pytest.fixture
def one_step(monkeypatch):
    """A machine whose only program takes one step."""

    def once(current):
        yield "read", "something"
        current.uid = 7

    def scenario(policy):
        kernel = Kernel(policy, 4096)
        kernel.spawn("t", ((once,),))
        return kernel

    monkeypatch.setitem(oomlab.SCENARIOS, "one-step", scenario)
    return "one-step"


def test_what_counts_one_says_one(one_step):
    def seven(kernel):
        return kernel.tasks[-1].uid == 7

    found = oomlab.explore(one_step, property=seven)
    assert "after 1 step " in found.sentence()
    runs = [oomlab.run(one_step, most_steps=1), oomlab.run(one_step, schedule=found.pids)]
    swept = oomlab.sweep(one_step, ["linux-4.4"], range(1))
    compared = oomlab.compare(one_step, ["linux-4.4", "linux-4.6"], seeds=1)
    hunted = oomlab.hunt(one_step, property=seven, runs=1)
    for value in (found, *runs, swept, compared, hunted):
        for name in ("__repr__", "markdown", "_repr_html_"):
            text = getattr(value, name, str)()
            assert not ONE.search(text), (name, ONE.search(text))
