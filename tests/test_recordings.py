"""Agreement with recorded kernels: victims in order, panic, and what the reaper left.

The recordings in tests/data/recordings were made after the model was, to see it fail: each shows
something that the 489 do not. A recording that a test has changed is written to tmp_path.
"""

import gzip
import json
from functools import cache
from pathlib import Path

import pytest

from oomlab.recordings.fidelity import agreement, compare
from oomlab.recordings.folder import report
from oomlab.recordings.kernel_release import has_reap_delay
from oomlab.recordings.matrix import near, read_table, told_apart
from oomlab.recordings.reaper_attempts import (
    attempts,
    close_calls,
    model_steps,
    newest_first,
    recorded_steps,
    same_attempts,
)
from oomlab.recordings.recorded import kernel_of, read_record
from oomlab.recordings.replay import replay
from oomlab.recordings.scenes import SCENES
from oomlab.simulate.outcome import whom

SHIPPED = Path(__file__).parents[1] / "notebooks" / "recordings"
SHARED = Path(__file__).parents[2] / "shared" / "kernel-runs"
RECORDER = Path(__file__).parent / "data" / "recorder"
LATER = Path(__file__).parent / "data" / "recordings"
HELD = "s20_stuck.exit_held.k6.12.r0.json.gz"
PLAIN = "s03_negative_adj.adj-100.k6.12.r0.json.gz"
RACING = "s12_two_memcgs.smp1.k6.1.r0.json.gz"


def written(folder: Path, record) -> Path:
    path = folder / "changed.json.gz"
    path.write_bytes(gzip.compress(json.dumps(record).encode()))
    return path


@pytest.mark.parametrize(
    "path",
    sorted([*SHIPPED.glob("*.json.gz"), *LATER.glob("*.json.gz")]),
    ids=lambda p: p.name[:-8],
)
def test_a_shipped_recording(path):
    comparison = compare(path)
    assert comparison.agrees or comparison.irreducible, comparison


def test_every_kernel_is_shipped():
    kernels = {read_record(path)["kernel"]["tag"] for path in SHIPPED.glob("*.json.gz")}
    assert kernels == {"2.6.38", "4.10.7", "5.10", "6.1", "6.12"}


@pytest.mark.timeout(600)  # half a minute where nothing else runs
@pytest.mark.skipif(not SHARED.is_dir(), reason="the 489 recordings are not beside the project")
def test_all_recordings():
    """All that are not shipped, and so looked at one by one above."""
    shipped = {path.name: path.read_bytes() for path in SHIPPED.glob("*.json.gz")}
    paths = [p for p in SHARED.glob("*.json.gz") if p.read_bytes() != shipped.get(p.name)]
    runs = [compare(path) for path in sorted(paths)]
    numbers = agreement(runs)
    for kernel, n in numbers["by_kernel"].items():
        assert n["agree"] >= 0.98 * n["runs"], (kernel, n)
    assert numbers["irreducible"] <= 0.06 * len(runs)
    stuck = [c for c in runs if "left" in c.expected]
    assert stuck and all(c.expected["left"] == c.got["left"] for c in stuck)


@pytest.mark.parametrize("name", [HELD, PLAIN])
def test_the_prediction_does_not_look_at_what_happened(name, tmp_path):
    record = read_record(SHIPPED / name)
    blind = {key: record[key] for key in ("schema", "kernel", "scenario", "variant", "config")}
    tasks = [task | {"grown_kb": 0} for task in record["before"]["tasks"]]
    blind |= {
        "before": record["before"] | {"tasks": tasks},
        "parsed": [],
        "outcome": {"kill_order": [], "reaped": [], "panic": None},
    }
    assert compare(written(tmp_path, blind)).got == compare(SHIPPED / name).got


def test_a_wrong_outcome_is_a_disagreement_and_nothing_sets_it_apart(tmp_path):
    record = read_record(SHIPPED / PLAIN)
    record["outcome"]["kill_order"].reverse()
    wrong = compare(written(tmp_path, record))
    assert not wrong.agrees and not wrong.irreducible and wrong.cause
    assert agreement([wrong, compare(SHIPPED / PLAIN)])["by_kernel"]["6.12"] == {
        "runs": 2,
        "agree": 1,
    }


def test_racing_growers_are_set_apart_whoever_is_right(tmp_path):
    record = read_record(SHIPPED / RACING)
    for task in record["config"]["tasks"]:
        task["cgroup"] = "a"
    here = compare(written(tmp_path, record))
    record["outcome"]["kill_order"].reverse()
    there = compare(written(tmp_path, record))
    assert here.irreducible and there.irreducible
    assert agreement([here, there])["runs"] == 0


def test_growers_that_race_in_cgroups_of_their_own_are_compared_but_for_the_order(tmp_path):
    record = read_record(SHIPPED / RACING)
    record["outcome"]["kill_order"].reverse()
    other_order = compare(written(tmp_path, record))
    assert other_order.agrees and not other_order.irreducible
    record["outcome"]["kill_order"] = ["a_hog", "a_low"]
    one_stood_still = compare(written(tmp_path, record))
    assert not one_stood_still.agrees and "stood still" in one_stood_still.cause


def test_the_reaper_takes_the_newest_of_its_list():
    wakes = [(0, "wake", "a"), (0, "wake", "b"), (1, "start", "b"), (2, "wake", "c")]
    assert newest_first([*wakes, (3, "start", "c"), (4, "start", "a")])
    assert not newest_first([*wakes, (3, "start", "a")])
    again = [(3, "skip", "c"), (4, "wake", "d"), (5, "skip", "c"), (6, "start", "d")]
    assert newest_first([*wakes, *again])  # who is tried ten times is on the list no more


def test_a_run_in_which_memory_never_ran_out_is_set_apart(tmp_path):
    record = read_record(SHIPPED / PLAIN)
    record["parsed"], record["outcome"]["kill_order"] = [], []
    assert compare(written(tmp_path, record)).irreducible


@pytest.mark.parametrize(
    ("panic", "agrees"),
    [
        ("Kernel panic - not syncing: System is deadlocked on memory", True),
        ("Kernel panic - not syncing: Attempted to kill init!", False),
    ],
)
def test_a_panic_for_want_of_victims_after_the_last_kill_awaited(panic, agrees, tmp_path):
    record = read_record(SHIPPED / PLAIN)
    record["outcome"]["panic"] = panic
    assert compare(written(tmp_path, record)).agrees == agrees
    record["outcome"]["kill_order"].pop()  # before that kill, any panic counts
    assert not compare(written(tmp_path, record)).agrees


@pytest.mark.parametrize(
    ("left_kb", "agrees"),
    [
        ([0, 8, 0], True),
        ([0, 600, 0], True),
        ([0, 0, 2048], False),
        ([9000, 0, 0], False),
        ([60, 1000, 60], False),
    ],
    ids=["little", "program", "shared", "half", "pages"],
)
def test_what_was_reaped_and_what_was_left_are_compared(left_kb, agrees, tmp_path):
    record = read_record(SHIPPED / HELD)
    ((when, name, *_kb),) = record["outcome"]["reaped"]
    record["outcome"]["reaped"] = [[when, name, *left_kb]]
    assert compare(written(tmp_path, record)).agrees == agrees


def test_a_victim_that_was_not_reaped_is_a_disagreement(tmp_path):
    record = read_record(SHIPPED / HELD)
    record["outcome"]["reaped"] = []
    assert not compare(written(tmp_path, record)).agrees


def test_from_6_2_on_a_machine_counts_as_the_killer_does():
    """The table of the first report is the killer's own count of tasks that rest.

    What fork leaves uncounted is known of the recorder of these runs, not of the later one's.
    """
    errors = []
    for path in SHIPPED.glob("[ms]*.k6.12.*"):
        record = read_record(path)
        table = {row["pid"]: row["rss"] for row in record["parsed"][0]["tasks"]}
        growing = [t["id"] for t in record["config"]["tasks"] if t.get("behaviour") == "grow"]
        for task in kernel_of(record).tasks:
            if task.pid in table and task.name not in growing:
                errors.append(abs(sum(vma.pages for vma in task.mm.vmas) - table[task.pid]))
    assert sum(error == 0 for error in errors) > 0.8 * len(errors) > 40
    assert max(errors) <= 32


BROKEN = {
    "not gzip": b"not gzip",
    "cut": gzip.compress(b'{"schema": "oomlab-kernel-run/1"}')[:-9],
    "garbled": b"\x1f\x8b\x08\x00" + b"\xff" * 40,
    "no JSON": gzip.compress(b"{"),
    "not text": gzip.compress(b"\xff\xfe"),
    "a list": gzip.compress(b"[]"),
    "another schema": gzip.compress(b'{"schema": "oomlab-explain/1"}'),
    "no parts": gzip.compress(b'{"schema": "oomlab-kernel-run/1"}'),
}


@pytest.mark.parametrize("content", BROKEN.values(), ids=BROKEN)
def test_what_is_no_recording_is_said_so(content, tmp_path):
    (tmp_path / "x.json.gz").write_bytes(content)
    with pytest.raises(ValueError, match=r"x\.json\.gz.*(not a recorded run|has no)"):
        compare(tmp_path / "x.json.gz")


@pytest.mark.parametrize(
    "path",
    [
        "before",
        "outcome",
        "parsed",
        "config",
        "kernel",
        "kernel/tag",
        "config/tasks",
        "config/steps",
        "before/meminfo",
        "before/procs",
        "before/zones",
        "before/tasks",
        "before/procs/0/statm",
        "before/procs/1/status",
        "outcome/kill_order",
        "scenario",
    ],
)
@pytest.mark.parametrize("value", [None, 7, "x"])
def test_a_recording_that_lacks_something_is_a_sentence(path, value, tmp_path):
    record = read_record(SHIPPED / HELD)
    *above, last = path.split("/")
    part = record
    for key in above:
        part = part[int(key) if key.isdigit() else key]
    part[last] = value
    try:
        compare(written(tmp_path, record))
    except ValueError as wrong:
        assert "changed.json.gz" in str(wrong) and "\n" not in str(wrong)


def test_one_broken_recording_does_not_hide_the_others(tmp_path, capsys):
    (tmp_path / PLAIN).write_bytes((SHIPPED / PLAIN).read_bytes())
    (tmp_path / "broken.json.gz").write_bytes(b"not gzip")
    assert report(tmp_path, as_json=True) == 2
    told = capsys.readouterr()
    assert "broken.json.gz is not a recorded run" in told.err
    assert json.loads(told.out)["runs"] == 1


def test_a_folder_without_recordings_is_said_so(tmp_path):
    with pytest.raises(ValueError, match="holds no recordings"):
        report(tmp_path)
    with pytest.raises(ValueError, match="is no folder"):
        report(tmp_path / "nowhere")


# ---- what the reaper did, and when ----

GIVEN_UP = "r01_given_up.protect_cpumax.k6.12.r1.json.gz"
BUSY = "r02_lifo.busy_bc.k6.1.r1.json.gz"


REAPED = "start_task_reaping", "finish_task_reaping"


def exchanged(args):
    """B for C and C for B: as if the reaper had served them first in, first out."""
    tasks = read_record(SHIPPED / BUSY)["before"]["tasks"]
    b, c = (f"pid={task['pid']}" for task in tasks if task["id"] in ("vb", "vc"))
    return {b: c, c: b}.get(args, args)


def retold(record, change):
    """The recording with other events of the reaper."""
    events = [change(*event) for event in record["trace"]["events"]]
    record["trace"]["events"] = [event for event in events if event]
    return record


@pytest.mark.parametrize(
    ("name", "change"),
    [
        (GIVEN_UP, lambda *e: None if e[3] == "skip_task_reaping" else [*e]),
        (GIVEN_UP, lambda *e: [e[0] + 900_000 * (e[3] == "wake_reaper"), *e[1:]]),
        (BUSY, lambda *e: [e[0] + 900_000 * (e[3] == "finish_task_reaping"), *e[1:]]),
        (BUSY, lambda *e: [*e[:4], exchanged(e[4])] if e[3] in REAPED else [*e]),
    ],
    ids=["no tries", "woken late", "reaped late", "other order"],
)
def test_order_delay_and_tries_of_the_reaper_are_compared(name, change):
    record = read_record(SHIPPED / name)
    victims = record["outcome"]["kill_order"]
    mine = predicted(name)
    assert same_attempts(attempts(recorded_steps(record), victims), mine)
    assert not same_attempts(attempts(recorded_steps(retold(record, change)), victims), mine)


@cache
def predicted(name):
    """What the model says that the reaper does in this scene."""
    record = read_record(SHIPPED / name)
    kernel, _ = replay(record)
    return attempts(model_steps(kernel), record["outcome"]["kill_order"])


def test_a_give_up_that_the_log_does_not_tell_is_no_give_up():
    record = read_record(SHIPPED / GIVEN_UP)
    record["report"] = record["report"].replace("unable to reap", "thinking of")
    found = attempts(recorded_steps(record), ["server"])
    assert [(one.tries, one.end) for one in found] == [(10, "")]
    assert not same_attempts(found, predicted(GIVEN_UP))


def test_a_victim_that_comes_as_another_is_given_up_may_be_served_before_or_after():
    """D of this run came on the list four milliseconds after A was given up: C, D, B."""
    steps = recorded_steps(read_record(SHIPPED / "r02_lifo.busy_bcd.k6.12.r1.json.gz"))
    assert close_calls(steps) == ["vd"]
    found = attempts(steps, ["va", "vb", "vc", "vd"])
    assert [a.victim for a in found] == ["va", "vc", "vd", "vb"]
    late = [found[0], found[2], found[1], found[3]]
    assert same_attempts(found, late, ["vd"]) and not same_attempts(found, late)


@pytest.mark.parametrize(
    ("release", "delayed"),
    [
        ("Linux version 5.10.0-32-cloud-amd64 (gcc-10 (Debian 10.2.1-6) 10.2.1) 5.10.262-1", True),
        ("Linux version 5.10.13 (gcc 10.2.1)", False),
        ("Linux version 5.15.36 (gcc 11.2.0)", True),
        ("Linux version 5.15.35 (gcc 11.2.0)", False),
    ],
)
def test_stable_kernels_took_over_the_delay(release, delayed):
    tag = ".".join(release.split()[2].split(".")[:2])
    assert has_reap_delay({"tag": tag, "version": release}) == delayed
    assert has_reap_delay({"tag": "6.1"}) and not has_reap_delay({"tag": "4.10.7"})


# ---- one kernel's recordings under the rules of another ----

CELLS = ["s20_stuck.exit_held.k4.10.7.r0", "mix.000.k2.6.38.r0"]


def test_the_table_of_lesson_13_is_what_the_model_says():
    table = read_table(SHIPPED)
    tags = {read_record(path)["kernel"]["tag"] for path in SHIPPED.glob("*.json.gz")}
    assert {tag: list(row) for tag, row in table.items()} == {tag: near(tag) for tag in tags}
    for name in CELLS:
        path = SHIPPED / f"{name}.json.gz"
        (row,) = told_apart([path]).items()
        shipped = {
            preset: [n for n in names if n == name] for preset, names in table[row[0]].items()
        }
        assert row[1] == shipped


def test_what_is_not_known_of_a_script_is_a_sentence(tmp_path):
    record = read_record(SHIPPED / PLAIN)
    record["config"]["steps"] = ["go", "dance 3"]
    with pytest.raises(ValueError, match="the step 'dance 3' is not one that is known"):
        compare(written(tmp_path, record))


def test_a_shared_object_outlives_the_victim_that_maps_it():
    record = read_record(RECORDER / "family.shm.k6.1.r0.json.gz")
    record["config"]["shared_objects"] = [{"n": 1, "kb": 8000}]
    for task in record["config"]["tasks"]:
        if task["id"] == "shm":
            task["shared_object"] = 1
    kernel, stage = replay(record)
    assert "shm" in whom(kernel, "kill") and stage.running["shm"] not in kernel.tasks
    assert [object.pages for object in kernel.shmems] == [2000]


def test_each_scene_is_said_in_words():
    """Wherever a recording's name is read: in the lesson, and beside the files."""
    folder = Path(__file__).parents[1] / "notebooks" / "recordings"
    assert {file.name.partition(".")[0] for file in folder.glob("*.json.gz")} == SCENES.keys()
    told = (folder / "README.md").read_text("utf-8")
    for name, words in SCENES.items():
        assert f"| `{name}` | {words} |\n" in told, name
