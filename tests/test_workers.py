"""Many workers give the answers of one, and a worker that dies costs only time.

What can be spread is asked here, in two processes, on threads, and on a dask cluster of two worker
processes, of which a task kills one. The questions are small: what costs time is to start workers.
"""

import json
import os
import shutil
import signal
import subprocess
import sys
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from dataclasses import replace
from functools import cache
from pathlib import Path

import pytest

import oomlab
from oomlab import workers
from oomlab.cli import main
from oomlab.grading.sandbox import bubblewrap
from oomlab.recordings.folder import compare_all
from oomlab.workers import in_order

ROOT = Path(__file__).parents[1]
LOGS = ROOT / "tests" / "data" / "reports"
SHEETS = [
    ROOT / "sheets" / f"{name}.sheet" for name in ("b3-pin-before-publish", "e1-queued-twice")
]

OWN = """
def two_alike(policy, pages: int = 40):
    kernel = Kernel(policy, 100 + 2 * pages, min_kbytes=32)
    for name in ("first", "second"):
        kernel.spawn(name, ((pause,),), vmas=[VMA("heap", ANON, pages)])
    kernel.spawn("asker", ((touch, "heap", 100),), vmas=[VMA("heap", ANON, 1)], adj=-1000)
    return kernel


def first_dies(kernel):
    return kernel.tasks[0].name == "asker"
"""


def swept(**where):
    seeds, settings = range(33), {"vmas": [1, 2]}
    return oomlab.sweep("lost-victim", ["mm-2015-12", "handa"], seeds, settings, **where).rows


def hunted(**where):
    """One that finds nothing, and one that does, far behind the first runs."""
    rare = {"depth": 3, "seed": 3, "clock": "ordered"}
    found = oomlab.hunt("second-oom", "mm-2015-12", runs=400, **rare, **where)
    assert found.verdict == "violated" and found.bound["runs"] > 50
    return [oomlab.hunt("lost-victim", "handa", depth=2, runs=60, **where), found]


def checked(**where):
    return [replace(one, seconds=0) for one in oomlab.check_all(SHEETS, **where)]


@pytest.fixture(scope="module")
def recordings(tmp_path_factory):
    folder = tmp_path_factory.mktemp("recordings")
    for path in sorted((ROOT / "notebooks" / "recordings").glob("*.json.gz"))[::100]:
        shutil.copy(path, folder)
    (folder / "z.json.gz").write_text("no recording")
    return folder


@pytest.fixture(scope="module")
def logs(tmp_path_factory):
    """Some logs, one of them damaged."""
    folder = tmp_path_factory.mktemp("logs")
    for number, path in enumerate(sorted(LOGS.glob("*.txt")) * 3):
        shutil.copy(path, folder / f"{number}.txt")
    (folder / "damaged.gz").write_bytes(b"\x1f\x8b and no more")
    return folder


SHEET = json.loads((ROOT / "exercises" / "level-1.ipynb").read_text())
RIGHT = next(
    "".join(cell["source"])
    for cell in SHEET["cells"]
    if cell["metadata"].get("nbgrader", {}).get("grade_id") == "badness-solution"
)
HOSTILE = """
import glob, os, signal
for path in glob.glob("/**/*", recursive=True)[:20_000] + ["/tmp/../alice/level-2.ipynb"]:
    try:
        open(path, "w").write("eve was here")
    except OSError:
        pass
def oom_badness(task, totalpages):
    os.kill(-1, signal.SIGKILL)
"""
HANDED_IN = {"alice": RIGHT, "bob": "def oom_badness(task, totalpages): return 1", "eve": HOSTILE}


@pytest.fixture(scope="module")
def graded(tmp_path_factory):
    """The results of a small class, graded in a folder of its own each time; and its pages."""
    try:
        bubblewrap.require_bubblewrap()
    except bubblewrap.NoSandbox as reason:
        pytest.skip(str(reason))
    course = tmp_path_factory.mktemp("course")
    sheet = 'check("badness", oom_badness)'
    for name, code in {"exercises": sheet, **HANDED_IN, "zoe": None}.items():
        cell = {"cell_type": "code", "metadata": {}, "source": code}
        place = course / (name if name == "exercises" else f"submitted/{name}") / "level-2.ipynb"
        place.parent.mkdir(parents=True)
        place.write_text(json.dumps({"cells": [cell]}) if code else "no notebook")

    def grade_class(**where):
        out = tmp_path_factory.mktemp("graded")
        (out / ".seed").write_text("the same for all")
        results = oomlab.grade(
            [str(course / "submitted")], str(course / "exercises"), str(out), **where
        )
        pages = {p.relative_to(out): p.read_text() for p in sorted(out.rglob("*.*")) if p.is_file()}
        return [result.to_dict() for result in results], pages

    return grade_class


@pytest.fixture(scope="module")
def asked(recordings, logs, graded):
    """What is asked, and what one worker answers."""
    questions = {
        "sweep": swept,
        "hunt": hunted,
        "check": checked,
        "fidelity": lambda **where: list(compare_all(recordings, **where)),
        "grade": graded,
        "explain": lambda **where: [*map(told, oomlab.explain_logs([logs], **where))],
    }
    return cache(lambda name: (questions[name], questions[name](jobs=1)))


def told(log):
    name, reports, problem = log
    return name, problem, [(str(e.cause), e.ranked, e.verdict) for e in reports]


QUESTIONS = ["sweep", "hunt", "check", "fidelity", "explain", "grade"]


@pytest.mark.parametrize("name", QUESTIONS)
def test_two_processes_answer_as_one(asked, name):
    ask, alone = asked(name)
    assert ask(jobs=2) == alone


def test_threads_do_too(asked):
    """Two runs at once in one process, and two notebooks that are graded from one."""
    with ThreadPoolExecutor(2) as executor:
        for name in ("explain", "grade", "sweep"):
            ask, alone = asked(name)
            assert ask(jobs=2, executor=executor) == alone, name
        assert executor.submit(int).result() == 0  # it is the caller's, and is left open


def test_a_slip_of_the_finger_starts_no_hundred_thousand_processes(monkeypatch):
    """A pool starts all its workers at once: no more than there are tasks, and not any number."""
    with pytest.raises(ValueError, match="jobs is 1000 at most on one machine, not 100000"):
        oomlab.sweep("lost-victim", ["handa"], range(2), jobs=100_000)
    made, new_pool = [], workers.new_pool
    monkeypatch.setattr(workers, "new_pool", lambda jobs: made.append(jobs) or new_pool(jobs))
    assert len(oomlab.sweep("lost-victim", ["handa"], range(64), jobs=900).rows) == 64
    assert made == [2]  # of 32 seeds each


def test_what_is_no_executor_is_a_sentence():
    for wrong in (ThreadPoolExecutor, object(), 2):  # the class was taken for one
        with pytest.raises(ValueError, match=r"executor as an object with submit\(\) or None, not"):
            oomlab.sweep("lost-victim", ["handa"], range(2), executor=wrong)


def test_what_was_written_before_an_executor_failed_is_gone_on_with(tmp_path):
    class Fails(ThreadPoolExecutor):
        left = 6

        def submit(self, *task):
            self.left -= 1
            if not self.left:
                raise MemoryError("no more threads")
            return super().submit(*task)

    out, asked = tmp_path / "rows.jsonl", ("lost-victim", ["handa"], range(400))
    with Fails(1) as executor, pytest.raises(MemoryError):
        oomlab.sweep(*asked, executor=executor, out=out)
    assert 1 < out.read_text().count("\n") < 401
    assert oomlab.sweep(*asked, out=out).rows == oomlab.sweep(*asked).rows


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
    assert list(in_order(dies_once, tasks, jobs=2, chunk=3)) == [n * n for n in range(20)]
    assert (tmp_path / "died").exists()


def test_a_task_that_kills_every_worker_is_named():
    with pytest.raises(RuntimeError, match="dies each time it is given .*'poison'"):
        list(in_order(dies_always, ["poison"], jobs=2))


def test_an_executor_of_the_callers_that_breaks_is_a_sentence(tmp_path):
    tasks = [(number, str(tmp_path / "died")) for number in range(20)]
    with (
        ProcessPoolExecutor(2) as executor,
        pytest.raises(RuntimeError, match="call again with a new one"),
    ):
        list(in_order(dies_once, tasks, jobs=2, executor=executor))


def test_an_executor_that_is_closed_in_the_middle_is_a_sentence():
    """The error of a task that was cancelled says nothing at all."""
    with ThreadPoolExecutor(1) as executor:

        def first_closes(number):
            executor.shutdown(wait=False, cancel_futures=True)
            return number

        with pytest.raises(RuntimeError, match="closed, or its tasks cancelled"):
            list(in_order(first_closes, range(4), jobs=2, executor=executor))


def test_an_executor_that_was_closed_before_is_a_sentence():
    executor = ThreadPoolExecutor(1)
    executor.shutdown()
    with pytest.raises(RuntimeError, match="closed, or its tasks cancelled"):
        list(in_order(str, range(4), jobs=2, executor=executor))


def test_who_has_seen_enough_waits_for_no_task_that_has_not_begun():
    class Counts:
        submitted = cancelled = 0

        def submit(self, function, task):
            self.submitted += 1
            return self

        def result(self):
            return [1]

        def cancel(self):
            self.cancelled += 1

    executor = Counts()
    results = in_order(abs, range(100), jobs=2, executor=executor)
    assert next(results) == 1
    results.close()
    assert (executor.submitted, executor.cancelled) == (9, 8)


def test_a_scenario_and_a_property_of_ones_own_go_along(tmp_path, capsys):
    file = tmp_path / "own.py"
    file.write_text(OWN)
    sweep = ["sweep", f"{file}:two_alike", "--seeds", "0:40", "--set", "pages=40"]
    hunt = ["explore", f"{file}:two_alike", "--property", f"{file}:first_dies", "--random", "60"]
    for words in (sweep, hunt):
        ends = [(main([*words, "--jobs", jobs]), capsys.readouterr().out) for jobs in "12"]
        assert ends[0] == ends[1] and "two_alike" in ends[0][1]


def test_what_cannot_be_sent_is_a_sentence():
    with pytest.raises(ValueError, match="cannot be sent to a worker process"):
        oomlab.hunt("lost-victim", "handa", lambda kernel: False, runs=2, jobs=2)
    text = (
        "import threading, time, oomlab\n"
        "def never(kernel): return False\n"
        "threading.Thread(target=time.sleep, args=(60,), daemon=True).start()\n"
        "oomlab.hunt('lost-victim', 'handa', never, runs=2, jobs=2)\n"
    )
    done = subprocess.run([sys.executable, "-c", text], capture_output=True, text=True)
    assert "cannot be given what a notebook defines" in done.stderr.splitlines()[-1]


@pytest.fixture(scope="module")
def client():
    distributed = pytest.importorskip("distributed", reason="needs the extra `cluster`")
    with (
        distributed.LocalCluster(
            n_workers=2, threads_per_worker=1, dashboard_address=None, host="127.0.0.1"
        ) as cluster,
        distributed.Client(cluster) as client,
    ):
        yield client


def test_a_worker_of_a_cluster_that_is_killed_costs_only_time(tmp_path, client):
    tasks = [(number, str(tmp_path / "died")) for number in range(20)]
    results = in_order(dies_once, tasks, jobs=2, executor=client.get_executor())
    assert list(results) == [n * n for n in range(20)]
    assert (tmp_path / "died").exists()


@pytest.mark.parametrize("name", QUESTIONS)
def test_a_cluster_answers_as_one(asked, client, name):
    """Beside a worker that may just be starting again."""
    ask, alone = asked(name)
    assert ask(jobs=2, executor=client.get_executor()) == alone


def test_a_worker_that_is_killed_while_it_grades_costs_only_time(graded, asked, client):
    """And each notebook is judged as if it were alone, beside one that attacks all it can reach."""
    workers = set(client.run(os.getpid).values())

    def kill_one(sentence):
        if workers and sentence.startswith("1/4"):
            os.kill(workers.pop(), signal.SIGKILL)
            workers.clear()

    results, pages = graded(jobs=2, executor=client.get_executor(), progress=kill_one)
    assert not workers
    assert (results, pages) == asked("grade")[1]
    lost = {result["student"]: result["of"] - result["points"] for result in results}
    assert lost == {"alice": 0, **dict.fromkeys(("bob", "eve", "zoe"), results[0]["of"])}
