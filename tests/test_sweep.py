"""A sweep has the same rows wherever it runs, and goes on where it was interrupted."""

import json
import os
import re
import signal
import subprocess
import sys
import time
from itertools import count, pairwise
from statistics import NormalDist

import pytest

from oomlab.paper import wide_as
from oomlab.policies.policy import KNOBS
from oomlab.scenarios import SCENARIOS, parameters
from oomlab.sweeps import sweep
from oomlab.sweeps.curves import Curve, draw
from oomlab.sweeps.sweep import FOUND
from oomlab.sweeps.wilson import Rate, wilson

ASKED = {
    "policies": ["linux-4.4", "handa"],
    "seeds": range(8),
    "settings": {"thieves": [1, 2]},
}


@pytest.fixture(scope="module")
def alone():
    return sweep("page-thieves", **ASKED)


def test_a_row_for_each_run_in_order(alone):
    points = [(row["policy"], row["thieves"], row["seed"]) for row in alone.rows]
    assert points == [(p, t, s) for p in ASKED["policies"] for t in (1, 2) for s in range(8)]
    rates = {tuple(rate.group.values()): rate for rate in alone.rates("livelock")}
    assert rates["linux-4.4", 1].share == 1 and rates["handa", 1].share == 0
    low, high = rates["linux-4.4", 1].interval
    assert 0.6 < low < high == 1
    assert "| linux-4.4 | 1 | 8 |" in alone.markdown()


def test_what_was_asked_and_what_came_of_it_have_columns_of_their_own(monkeypatch):
    """Five victims were asked for, two were killed: the rows said two, and counted as those."""
    found = sweep("second-oom", ["linux-4.4"], range(3), {"victims": [2, 5]})
    assert [row["victims"] for row in found.rows] == [2, 2, 2, 5, 5, 5]
    assert {row["killed"] for row in found.rows} == {2}
    assert [rate.runs for rate in found.rates()] == [3, 3]
    knob = sweep(
        "lost-victim", ["handa"], range(2), {"reaped": KNOBS["reaped"].metadata["choices"]}
    )
    assert len(knob.rates()) == len(KNOBS["reaped"].metadata["choices"]) > 1
    known = set(KNOBS).union(*map(parameters, SCENARIOS))
    assert not known & FOUND.keys()

    def own(policy, lost: int = 1, pages: int = 2):
        return SCENARIOS["lost-victim"](policy)

    monkeypatch.setitem(SCENARIOS, "own", own)
    with pytest.raises(ValueError, match="parameter lost of own has the name of a column"):
        sweep("own", settings={"lost": [1, 2]})
    monkeypatch.setitem(SCENARIOS, "summed", lambda policy, crc32=1: own(policy))
    with pytest.raises(ValueError, match="parameter crc32 of summed has the name of a column"):
        sweep("summed", settings={"crc32": [1, 2]})
    assert len(sweep("own", seeds=range(1), settings={"pages": [1, 2]}).rates()) == 2


def place(shape: str, *names: str) -> list[float]:
    return [float(re.search(f' {name}="([^"]+)"', shape)[1]) for name in names]


def test_its_figure_has_each_share_where_it_belongs(alone):
    """From the shapes back to the numbers; in both themes, and as a sentence."""
    found = sweep("lost-victim", ["mm-2015-12", "handa"], range(12), {"victims": [2, 5, 3]})
    light, dark = (found.figure("lost-victim", dark=dark) for dark in (False, True))
    assert light.shapes == dark.shapes and 'data-theme="dark"' in dark.svg
    assert all("class=" in text for text in re.findall("<text[^>]*>", light.svg))
    grid = [place(shape, "y1")[0] for shape in light.shapes if "faint-line" in shape]
    lines = [place(shape, "x1", "y1", "x2", "y2") for shape in light.shapes if "<line" in shape]
    marks = [place(shape, "cx", "cy") for shape in light.shapes if "<circle" in shape]
    rates = [r for r in found.rates("lost-victim") if r.group["policy"] == "mm-2015-12"]
    for (x, y), rate in zip(marks[:3], rates, strict=True):
        low, high, share = (
            round(max(grid) - part * (max(grid) - min(grid)), 1)
            for part in (*rate.interval, rate.share)
        )
        assert y == pytest.approx(share, abs=0.11)
        assert any([x, low, x, high] == pytest.approx(line, abs=0.11) for line in lines)
    (two, _), (five, _), (three, _) = marks[:3]
    assert five - two == pytest.approx(3 * (three - two), abs=0.5)  # sizes, not places in a list
    assert f"mm-2015-12: {rates[0].share:.1%} with victims 2" in light.alt_text
    policies = alone.figure("livelock").alt_text  # one line for each number of policies
    assert "linux-4.4: 100.0% with thieves 1, 100.0% with thieves 2" in policies


@pytest.mark.parametrize(
    "values, scaled, shown",
    [
        ([2, 20, 3], True, [2, 3, 20]),
        ([1, 100, 2, 10], False, [1, 2, 10, 100]),  # 1 and 2 would be one place
        (range(1, 30), True, range(1, 30)),
        (range(1, 60), True, range(1, 60, 3)),  # not all have room for their number
        ([*range(1, 60), 90_000], False, None),
    ],
)
def test_the_values_of_a_figure_can_be_told_apart(values, scaled, shown):
    """None is drawn over another, be they few or many, near or far."""
    rates = [Rate({"vmas": value}, 1, 2) for value in values]
    drawing = draw("title", "about", "vmas", [Curve("", rates)], None)
    numbers = [s for s in drawing.shapes if re.search(r">\d+</text>", s)]
    told = [int(re.search(r">(\d+)<", text)[1]) for text in numbers]
    places = [place(text, "x")[0] for text in numbers]
    assert told == sorted(told) and places == sorted(places) and len(told) > 1
    assert shown is None or told == [*shown]
    for (a, left), (b, right) in pairwise(zip(told, places, strict=True)):
        assert right - left > (wide_as(str(a), 12.5) + wide_as(str(b), 12.5)) / 2
    assert ("vmas (not to scale)" in drawing.svg) == (not scaled)


def test_a_rare_verdict_does_not_look_like_none():
    """One run of 10,000 was 0.0 %, and all but one 100.0 %."""
    for runs in (1, 7, 200, 10_000, 10**6, 10**9):
        for hits in {0, 1, runs // 2, runs - 1, runs}:
            rate = Rate({}, hits, runs)
            words = re.findall(r"[\d.]+(?=%)", str(rate))
            for word, part in zip(words, (rate.share, *rate.interval), strict=True):
                assert float(word) == pytest.approx(100 * part, abs=0.0501)
                assert (float(word) in (0, 100)) == (part in (0, 1))
            assert rate.percent.count("%") == 1 and (float(rate.percent[:-1]) > 0) == (hits > 0)
    assert str(Rate({}, 41, 200)) == "20.5% [15.5%, 26.6%]"  # no more digits than it needs


def test_a_figure_of_policies_alone_joins_nothing():
    found = sweep("lost-victim", ["mm-2015-12", "handa"], range(4))
    for shape in found.figure("lost-victim").shapes:
        if "<line" in shape and "faint-line" not in shape:
            x1, y1, x2, y2 = place(shape, "x1", "y1", "x2", "y2")
            assert x1 == x2 or y1 == y2 and x2 - x1 == 6  # a whisker, or one of its ends
    assert "mm-2015-12" in found.figure().alt_text


def test_what_no_figure_can_show_is_a_sentence():
    found = sweep("lost-victim", ["handa"], range(1), {"victims": [2, 3], "vmas": range(1, 10)})
    with pytest.raises(ValueError, match="8 lines at most, and this sweep makes 9"):
        found.figure()
    for ask in (found.figure, found.rates):
        with pytest.raises(ValueError, match="did you mean 'lost-victim'"):
            ask("lost_victim")  # it said 0 % of every group


QUICK = {"policies": ["handa"], "seeds": range(40), "settings": {"vmas": ["1", "2"]}}


@pytest.mark.parametrize("name", ["rows.jsonl", "rows.csv"])
def test_wherever_it_was_cut_it_goes_on(tmp_path, name):
    """Also in its first line, behind the names of the columns, and inside a row."""
    out = tmp_path / name
    alone = sweep("lost-victim", out=str(out), **QUICK)
    whole = out.read_text()
    ends = [n + 1 for n, letter in enumerate(whole) if letter == "\n"][:4]
    for cut in [0, 1, 20, *ends, ends[1] - 3, ends[2] + 1, len(whole) // 2, len(whole)]:
        out.write_text(whole[:cut])
        again = sweep("lost-victim", out=str(out), **QUICK)
        assert (again.rows, out.read_text()) == (alone.rows, whole)
        assert len(again.rates()) == 2
    assert {row["vmas"] for row in alone.rows} == {1, 2}  # text that stood for numbers


@pytest.mark.parametrize("sent, jobs", [("SIGINT", "1"), ("SIGINT", "2"), ("SIGKILL", "2")])
def test_it_is_interrupted_or_killed_and_goes_on(tmp_path, jobs, sent):
    """Meanwhile a second sweep on its file is refused; and no worker outlives it."""
    out, asked = tmp_path / "rows.jsonl", ("lost-victim", ["handa"], range(1500))
    words = ["sweep", asked[0], "--policy", "handa", "--seeds", "0:1500", "--jobs", jobs]
    first = subprocess.Popen(
        [sys.executable, "-m", "oomlab", *words, "--out", str(out)],
        stdout=subprocess.DEVNULL,
        start_new_session=True,
    )
    while not out.exists() or out.read_text().count("\n") < 100:
        time.sleep(0.01)
    with pytest.raises(ValueError, match="another sweep is writing"):
        sweep(*asked, out=str(out))
    first.send_signal(signal.Signals[sent])
    assert first.wait() in (130, -signal.SIGKILL)
    begun = out.read_text()
    assert 100 <= begun.count("\n") < 1501
    give_up = time.monotonic() + 20
    while alive_in(first.pid) and time.monotonic() < give_up:
        time.sleep(0.05)
    assert not alive_in(first.pid)
    assert len(sweep(*asked, out=str(out)).rows) == 1500
    assert out.read_text().startswith(begun[: begun.rfind("\n") + 1])


def test_a_second_sweep_of_this_process_is_refused_too(tmp_path):
    out, refused = str(tmp_path / "rows.jsonl"), []

    def again(*_):
        with pytest.raises(ValueError, match="another sweep is writing"):
            sweep("lost-victim", out=out, **QUICK)
        refused.append(out)

    whole = sweep("lost-victim", out=out, progress=again, **QUICK)
    assert refused and sweep("lost-victim", out=out, **QUICK).rows == whole.rows


def test_the_time_that_is_left_is_told_at_the_pace_of_this_call(tmp_path, monkeypatch):
    """Rows that were there took no time: it told a tenth of the time that a second half took."""
    out, told = tmp_path / "rows.jsonl", []
    sweep("lost-victim", out=str(out), **QUICK)
    lines = out.read_text().splitlines(keepends=True)
    out.write_text("".join(lines[:41]))
    module = sys.modules["oomlab.sweeps.sweep"]  # in its package, the name is the function
    monkeypatch.setattr(module, "monotonic", count(0, 16).__next__)
    sweep("lost-victim", out=out, progress=lambda *words: told.append(words), **QUICK)
    assert told == [(72, 80, 4.0), (80, 80, 0.0)]  # 32 rows in 16 seconds, and 8 are left


@pytest.mark.parametrize("name", ["rows.jsonl", "rows.csv"])
def test_each_line_is_what_would_be_written(tmp_path, name):
    """One with other columns, kinds or words is named by its number, and the file left alone."""
    out = tmp_path / name
    sweep("lost-victim", out=str(out), **QUICK)
    whole = out.read_text()
    lines = whole.splitlines(keepends=True)
    broken = (
        ("recovered", "recovers"),
        ("recovered", ""),
        ('"verdict"', '"verdikt"'),
        ('"verdict": "recovered", ', ""),
        ('"ticks": 1', '"ticks": 1.0'),
        ('"ticks": 1', '"ticks": true'),
        ('"ticks": 1', '"ticks": NaN'),
        ('"ticks": 1', '"ticks": "1"'),
        ('"ticks": 1, ', '"ticks": 1,  '),
        ('"bugs": 0', '"bugs": 0, "more": 1'),
        (",1,", ",x,"),
        (",1,", ",01,"),
        (",1,", ",,"),
        (",1,", ","),
        (",1,", ',"1",'),
        ("recovered", "lost-victim"),  # what could have come of it, and has not
        ('"killed": 2', '"killed": 3'),
        ('"ticks": 1', '"ticks": 2'),
        (",2,", ",3,"),
        ("\n", " \n"),
        ("\n", "\n\n"),
        ("\n", "[" * 100_000 + "\n"),
    )
    tried = 0
    for number in (2, 3, 40, 81):
        for old, new in broken:
            before = lines[number - 1]
            changed = before.replace(old, new, 1)
            if changed == before or number == 2 and name == "rows.csv":
                continue
            tried += 1
            out.write_text("".join([*lines[: number - 1], changed, *lines[number:]]))
            text, wrong = out.read_text(), number + (new == "\n\n")
            with pytest.raises(ValueError, match=f"^line {wrong} of .* is not the row"):
                sweep("lost-victim", out=str(out), **QUICK)
            assert out.read_text() == text
    assert tried > 30
    for line in (5, 60):  # a row of another sweep, whole
        other = tmp_path / f"other-{name}"
        sweep("lost-victim", out=str(other), **QUICK | {"settings": {"vmas": [2, 1]}})
        theirs = other.read_text().splitlines(keepends=True)
        asked = lines[line].partition("recovered")[0]
        swapped = next(row for row in theirs if row.startswith(asked))
        out.write_text("".join([*lines[:line], swapped, *lines[line + 1 :]]))
        with pytest.raises(ValueError, match=f"^line {line + 1} of .* is not the row"):
            sweep("lost-victim", out=str(out), **QUICK)
    out.write_text(whole.replace("ticks,steps", "steps,ticks"))  # the names of the columns
    if name == "rows.csv":
        with pytest.raises(ValueError, match="holds another sweep"):
            sweep("lost-victim", out=str(out), **QUICK)


def test_no_device_or_pipe_is_read_for_rows(tmp_path):
    """It waited for a writer, or read zeros until memory was out."""
    os.mkfifo(tmp_path / "pipe.csv")
    (tmp_path / "full.jsonl").symlink_to("/dev/full")
    for name in ("pipe.csv", "full.jsonl"):
        with pytest.raises(ValueError, match="no regular file"):
            sweep("lost-victim", out=tmp_path / name, **QUICK)


def alive_in(session: int) -> bool:
    """Is there a process of this session?"""
    try:
        os.killpg(session, 0)
    except ProcessLookupError:
        return False
    return True


def test_a_file_that_is_not_of_this_sweep_is_refused(tmp_path):
    out = tmp_path / "rows.jsonl"
    sweep("lost-victim", out=str(out), **QUICK)
    whole = out.read_text()
    rows = whole.splitlines(keepends=True)
    version = json.loads(rows[0])["origins"][0]["oomlab"]
    for text, sentence in (
        (whole.replace(f'"oomlab": "{version}"', '"oomlab": "0.0.7"'), "was begun by oomlab 0.0.7"),
        (whole.replace("range(0, 40)", "range(0, 50)"), r"holds another sweep \(other seeds\)"),
        (whole.replace('"scenario": "lost-victim"', '"scenario": "x"', 1), "other scenario"),
        ("a diary\n", "holds no sweep"),
        ("".join([rows[0], rows[2], rows[1], *rows[3:]]), "line 2 of .* is not the row"),
        ("".join([*rows[:3], "\0" * 9 + "\n", *rows[4:]]), "line 4 of .* is not the row"),
        (whole + rows[-1], "line 82 of .* is not the row"),
    ):
        out.write_text(text)
        with pytest.raises(ValueError, match=sentence) as refused:
            sweep("lost-victim", out=str(out), **QUICK)
        assert "name a new file" in str(refused.value) and "\n" not in str(refused.value)
        assert out.read_text() == text
    with pytest.raises(ValueError, match="takes each value once"):
        sweep("lost-victim", settings={"vmas": [1, "1"]})


def test_a_file_of_another_sweep_is_left_alone(tmp_path):
    out = tmp_path / "rows.jsonl"
    sweep("page-thieves", ["linux-4.4"], range(3), out=str(out))
    before = out.read_text()
    with pytest.raises(ValueError, match="holds another sweep"):
        sweep("page-thieves", ["handa"], range(3), out=str(out))
    assert out.read_text() == before


@pytest.mark.parametrize("hits, runs", [(0, 10), (1, 10), (5, 10), (10, 10), (999, 1000)])
def test_the_interval_solves_wilsons_equation(hits, runs):
    z, share = NormalDist().inv_cdf(0.975), hits / runs
    for bound in wilson(hits, runs):
        if 0 < bound < 1:  # (p - share)^2 = z^2 p (1 - p) / n at both ends
            assert abs((bound - share) ** 2 - z * z * bound * (1 - bound) / runs) < 1e-12
    assert wilson(hits, runs)[0] <= share <= wilson(hits, runs)[1]


@pytest.mark.parametrize(
    "wrong, sentence",
    [
        ({"policies": []}, "at least one policy"),
        ({"seeds": range(0)}, "at least one"),
        ({"settings": {"thieves": []}}, "one value a setting"),
        ({"settings": {"no_knob": [1]}}, "no knob or parameter"),
        ({"policies": ["linux-4.5"]}, "did you mean"),
        ({"out": "rows.txt"}, ".jsonl, .csv or .parquet"),
        ({"jobs": 0}, "1 or more"),
        ({"seeds": range(10**30)}, "a range of seeds goes up to"),
        ({"seeds": range(5, -2, -1)}, "not negative, and not -1"),
        ({"seeds": [3, 1, -2]}, "not negative, and not -2"),
        ({"seeds": [3, 1, 3]}, "each seed once"),
        ({"policies": ["handa", "handa"]}, "each policy once"),
    ],
)
def test_a_wrong_sweep_gets_a_sentence(wrong, sentence, tmp_path):
    """Before anything is written."""
    with pytest.raises(ValueError, match=sentence):
        sweep("page-thieves", **{"out": tmp_path / "rows.csv"} | wrong)
    assert wrong.keys() == {"jobs"} or not [*tmp_path.iterdir()]
