"""The nearest schedule that ends well parts from the counterexample at the race."""

import pytest

import oomlab
from oomlab.explorer.nearest_passing import nearest, nearest_story
from oomlab.explorer.properties import choose_property
from oomlab.simulate.setup import build

RACES = [
    ("lost-victim", "rfc-2015-11-25", "no-victim-lost", {}, "cmpxchg"),
    ("second-oom", "mm-2015-12", "no-victim-lost", {}, "cmpxchg"),
    ("hidden-sharer", "rfc-2015-11-25", "no-live-task-reaped", {"sharer": "killable"}, "read-try"),
]


@pytest.mark.parametrize("scenario, policy, name, params, verb", RACES)
def test_it_parts_at_the_race_and_never_breaks_the_property(scenario, policy, name, params, verb):
    found = oomlab.explore(scenario, policy, name, **params)
    question = choose_property(name).question

    def machine():
        return build(scenario, policy, **params)[0]

    good = nearest(machine, question, found.pids)
    assert good.schedule[: good.shared] == found.pids[: good.shared]
    assert good.schedule[good.shared] != found.pids[good.shared]
    assert found.steps[good.shared].verb.startswith(verb)
    for steps in range(len(good.schedule) + 1):
        kernel = machine()
        oomlab.simulate.scheduler.run_schedule(kernel, good.schedule[:steps])
        assert not question(kernel)
    story = nearest_story(found, name)
    assert f"has the first {good.shared} steps in common" in story
    assert story.isascii() and max(map(len, story.splitlines()[2:])) <= 72


def test_a_way_that_is_bad_whatever_comes_has_none():
    found = oomlab.explore("lost-victim", "rfc-2015-11-25", lambda kernel: True)
    assert found.verdict == "violated" and found.pids == []
    with pytest.raises(ValueError, match="no schedule can be nearest"):
        nearest_story(found, lambda kernel: True)
