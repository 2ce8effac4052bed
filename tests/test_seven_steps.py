"""The mail's seven steps are all in the schedule that the explorer finds, and only there."""

import pytest

from oomlab.explorer import explore
from oomlab.lab.seven_steps import STEPS, numbered, seven_steps


@pytest.mark.parametrize(
    ("prefer", "order"),
    [("steps", [1, 2, 3, 4, 5, 6, 7]), ("switches", [1, 2, 4, 5, 3, 6, 7])],
)
def test_the_schedules_found_are_those_of_the_mail(prefer, order):
    """With the fewest switches the reaper begins when the second victim is lost already."""
    found = explore("lost-victim", "rfc-2015-11-27", prefer=prefer)
    rows = numbered(found.schedule)
    first_seen = {number: n for n, (number, _) in reversed([*enumerate(rows)])}
    assert list(dict.fromkeys(number for number, _ in rows)) == order
    busy = rows[first_seen[5]][1]
    assert busy["does"].startswith("cmpxchg") and "busy with victim1" in busy["effect"]
    assert rows[first_seen[4]][0] == 4 and first_seen[4] < first_seen[5] < first_seen[6]
    table = seven_steps(found.schedule)
    assert all(table.count(words) == 1 for words in STEPS.values())
    assert len(table.split("\n")) == len(found.schedule) + 2
    assert "->" not in table  # a browser breaks a line inside it


def test_another_story_is_refused():
    other = explore("lost-victim", "rfc-xchg")
    with pytest.raises(ValueError, match="does not tell the mail's step"):
        numbered(other.schedule)
