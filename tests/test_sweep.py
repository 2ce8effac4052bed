"""A sweep has the same rows wherever it runs, and goes on where it was interrupted."""

import json
from statistics import NormalDist

import pytest

from oomlab.sweeps import sweep
from oomlab.sweeps.wilson import wilson

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


@pytest.mark.parametrize("name", ["rows.jsonl", "rows.csv"])
def test_an_interrupted_sweep_goes_on(alone, tmp_path, name):
    out = tmp_path / name
    assert sweep("page-thieves", out=str(out), **ASKED).rows == alone.rows
    whole = out.read_text()
    for cut in (len(whole) // 3, len(whole) // 3 + 7, len(whole) - 2):
        out.write_text(whole[:cut])
        assert sweep("page-thieves", out=str(out), **ASKED).rows == alone.rows
        assert out.read_text() == whole
    assert json.loads(whole.splitlines()[0].removeprefix("# "))["scenario"] == "page-thieves"


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
    ],
)
def test_a_wrong_sweep_gets_a_sentence(wrong, sentence):
    with pytest.raises(ValueError, match=sentence):
        sweep("page-thieves", **wrong)
