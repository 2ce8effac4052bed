"""The state graph against the definition: each way in it leads where it says."""

import pytest

from oomlab.explorer import PROPERTIES, plain
from oomlab.lab.controller import Controller
from oomlab.lab.state_graph import MOST_STATES, state_graph
from oomlab.simulate.fingerprint import fingerprint
from oomlab.simulate.setup import build

LOST = PROPERTIES["no-victim-lost"]


def way(graph, number):
    """The entries of the nearest schedule to a state."""
    entries = []
    while number:
        entries.insert(0, graph["entries"][number])
        number = graph["parents"][number]
    return entries


@pytest.mark.parametrize(
    ("scenario", "policy", "params", "bad"),
    [
        ("lost-victim", "rfc-2015-11-25", {"vmas": 1}, True),
        ("lost-victim", "handa", {"vmas": 1}, False),
        ("mrelease-race", "linux-6.12", {}, False),
    ],
)
def test_each_state_is_where_its_way_leads(scenario, policy, params, bad):
    def make():
        return build(scenario, policy, **params)[0]

    graph = state_graph(make, LOST)
    assert bool(graph["bad"]) == bad
    assert len(graph["layers"]) == len(graph["parents"]) == len(graph["entries"])
    prints = {}
    for number in [*range(0, len(graph["layers"]), 9), *graph["bad"]]:
        entries = way(graph, number)
        assert len(entries) == graph["layers"][number]
        kernel = plain.reach(make, entries)
        assert bool(LOST.question(kernel)) == (number in graph["bad"])
        assert prints.setdefault(fingerprint(kernel, "any"), number) == number
        assert {by for a, _, by in graph["edges"] if a == number} == {*plain.enabled(kernel)}


def test_it_has_as_many_states_as_the_definition():
    def make():
        return build("mrelease-race", "linux-6.12")[0]

    graph = state_graph(make, LOST)
    verdict, _, states, transitions = plain.explore(make, LOST.question)
    assert (verdict, states) == ("holds", len(graph["layers"]))
    assert transitions == len(graph["edges"])


def test_a_graph_too_large_to_be_read_is_refused_in_one_sentence():
    lab = Controller("invisible-dependency", "linux-4.4")
    with pytest.raises(ValueError, match=f"at most {MOST_STATES}: try smaller parameters"):
        lab.graph("no-victim-lost")
    with pytest.raises(ValueError, match="no property of states"):
        lab.graph(next(name for name, p in PROPERTIES.items() if p.kind != "never"))
