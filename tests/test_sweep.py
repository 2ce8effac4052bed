"""A sweep has the same rows wherever it runs, and goes on where it was interrupted."""

import json
import os
import signal
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from statistics import NormalDist

import pytest

from oomlab.sweeps import sweep
from oomlab.sweeps.pool import in_order
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


def test_workers_change_nothing(alone):
    assert sweep("page-thieves", jobs=2, **ASKED).rows == alone.rows
    with ProcessPoolExecutor(2, mp_context=get_context("spawn")) as executor:
        assert sweep("page-thieves", jobs=2, executor=executor, **ASKED).rows == alone.rows


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


def dies_once(task):
    """Kill this worker, the first time that task 3 is given."""
    number, mark = task
    if number == 3 and not os.path.exists(mark):
        open(mark, "w").close()
        os.kill(os.getpid(), signal.SIGKILL)
    return number * number


def dies_always(task):
    os.kill(os.getpid(), signal.SIGKILL)


def test_a_worker_that_is_killed_costs_only_time(tmp_path):
    tasks = [(number, str(tmp_path / "died")) for number in range(20)]
    assert list(in_order(dies_once, tasks, jobs=2)) == [n * n for n in range(20)]
    assert (tmp_path / "died").exists()


def test_a_task_that_kills_every_worker_is_named():
    with pytest.raises(RuntimeError, match="dies each time it is given 'poison'"):
        list(in_order(dies_always, ["poison"], jobs=2))


def test_a_cluster_of_two_workers_one_of_which_is_killed(alone):
    distributed = pytest.importorskip("distributed", reason="needs the extra `cluster`")
    with (
        distributed.LocalCluster(
            n_workers=2, threads_per_worker=1, dashboard_address=None, host="127.0.0.1"
        ) as cluster,
        distributed.Client(cluster) as client,
    ):
        victim = next(iter(cluster.workers.values())).pid
        killed = []

        def kill_one(done, total, seconds):
            if not killed:
                os.kill(victim, signal.SIGKILL)
                killed.append(victim)

        rows = sweep(
            "page-thieves", executor=client.get_executor(), jobs=2, progress=kill_one, **ASKED
        ).rows
    assert rows == alone.rows and killed


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
        ({"jobs": 0}, "at least 1"),
    ],
)
def test_a_wrong_sweep_gets_a_sentence(wrong, sentence):
    with pytest.raises(ValueError, match=sentence):
        sweep("page-thieves", **wrong)
