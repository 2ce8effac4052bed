"""The choice is recomputed by the model, and a what-if changes what it says it would change."""

import json
from argparse import Namespace
from dataclasses import replace
from pathlib import Path

import pytest

from oomlab.policies.presets import PRESETS
from oomlab.reports.judge.explain import explain
from oomlab.reports.judge.explanation import REASONS
from oomlab.reports.judge.kernels import generation, policy_for
from oomlab.reports.judge.report_machine import scenario_from_report
from oomlab.reports.judge.totals import total_pages
from oomlab.reports.judge.what_if import changes, what_if
from oomlab.reports.read.parse import parse
from oomlab.reports.read.report import (
    Counter,
    Invoker,
    Kill,
    Memory,
    PrintedMemcg,
    Report,
    Scored,
    TaskRow,
)
from oomlab.reports.tell import explain_command as command
from oomlab.reports.tell.words import text_of
from oomlab.simulate.outcome import whom
from oomlab.simulate.page_accounting import unaccounted
from oomlab.simulate.scheduler import run_seeded

DATA = Path(__file__).parent / "data" / "reports"
RECORDED = [
    pytest.param(report, id=f"{path.stem}-{number}")
    for path in sorted(DATA.glob("*.txt"))
    for number, report in enumerate(parse(path.read_text()))
]
MODERN = "uid tgid total_vm rss pgtables_bytes swapents oom_score_adj name"
OLD = "uid tgid total_vm rss cpu oom_adj oom_score_adj name"


def task(pid, name, rss, adj=0, uid=1000, **more):
    more = {"pgtables_bytes": 0, "swapents": 0} | more
    return TaskRow(pid, uid, pid, 2 * rss, rss, oom_score_adj=adj, name=name, **more)


def report(*tasks, killed=None, kernel="5.10.0", columns=MODERN, **more):
    """A machine of 100,000 pages without swap."""
    made = Report(kernel=kernel, invoker=Invoker("asker", 99), columns=tuple(columns.split()))
    made.memory = Memory(ram_pages=101_000, reserved_pages=1000, swap_total_kb=0, swap_free_kb=0)
    made.tasks = list(tasks)
    if killed:
        made.kills = [
            Kill(killed, {t.pid: t.name for t in tasks}.get(killed, "?"), "Out of memory")
        ]
    for name, value in more.items():
        setattr(made, name, value)
    return made


def predicted(explanation):
    return explanation.predicted and explanation.predicted.row.name


@pytest.mark.parametrize("recorded", RECORDED)
def test_the_model_chooses_as_the_recorded_kernels_did(recorded):
    explanation = explain(recorded)
    if recorded.panic:
        assert explanation.verdict.agrees is None and explanation.verdict.reason == "panic"
        return
    assert explanation.verdict.agrees
    if recorded.scored:
        assert abs(explanation.recomputed_score - recorded.scored.score) <= 1
        assert explanation.predicted.row.pid == recorded.scored.pid
    else:
        assert explanation.predicted.row.pid == recorded.victim.pid


def test_a_sacrificed_child_and_an_allocating_task_are_named():
    first = next(parse((DATA / "4.10.7-sacrifice.txt").read_text()))
    assert explain(first).verdict.reason == "child sacrificed"
    first = next(parse((DATA / "4.10.7-allocating.txt").read_text()))
    assert explain(first).verdict.reason == "allocating task"


@pytest.mark.parametrize("recorded", RECORDED)
def test_the_adj_that_spares_spares_and_one_more_does_not(recorded):
    explanation = explain(recorded)
    adj, chosen = explanation.spared_from, explanation.predicted
    if adj is None:
        assert explanation.runner_up is None or explanation.policy.oom_kill_allocating_task
        return
    spared = what_if(recorded, adj={chosen.row.pid: adj})
    assert spared.predicted.row.pid == explanation.runner_up.row.pid
    if adj + 1 < (chosen.row.oom_score_adj or 0):
        still = what_if(recorded, adj={chosen.row.pid: adj + 1})
        assert still.predicted.row.pid == chosen.row.pid


@pytest.mark.parametrize("recorded", RECORDED)
def test_a_report_can_be_run(recorded):
    kernel = scenario_from_report(recorded)
    assert unaccounted(kernel) == 0
    run_seeded(kernel, seed=1, until=lambda kernel: whom(kernel, "kill"))
    assert whom(kernel, "kill")[0] == explain(recorded).predicted.row.name
    assert unaccounted(kernel) == 0 and not kernel.bugs


def test_what_has_no_table_cannot_be_run():
    with pytest.raises(ValueError, match="no task table"):
        scenario_from_report(Report(kernel="5.10"))


def test_points_are_those_of_the_kernel_by_hand():
    hog = task(7, "hog", 5000, adj=100, swapents=300, pgtables_bytes=41 * 4096 + 4095)
    explanation = explain(report(hog, task(5, "small", 10), killed=7))
    assert explanation.ranked[0].points == 5000 + 300 + 41 + 100 * (100_000 // 1000)
    assert explanation.margin == explanation.ranked[0].points - 10
    assert explanation.verdict.agrees and explanation.verdict.reason is None


def test_root_loses_three_percent_of_what_depends_on_the_version():
    rows = dict(columns="uid tgid total_vm rss nr_ptes swapents oom_score_adj name")
    hog = task(7, "hog", 20000, uid=0, pgtables_bytes=None, nr_ptes=0)
    found = {
        kernel: explain(report(hog, kernel=kernel, **rows)).ranked[0].points
        for kernel in ("3.13.0", "3.10.0-957.el7.x86_64", "4.4.0", "4.17.0")
    }
    assert found == {
        "3.13.0": 20000 - 30 * 100,
        "3.10.0-957.el7.x86_64": 20000 - 600,
        "4.4.0": 20000 - 600,
        "4.17.0": 20000,
    }


def test_root_in_a_container_is_not_capable():
    hog = task(7, "hog", 20000, uid=0, pgtables_bytes=None, nr_ptes=0)
    inside = PrintedMemcg(limit_path="/docker/93bc", counters={"memory": Counter(400_000, 400_000)})
    assert explain(report(hog, kernel="4.4.0", memcg=inside)).ranked[0].points == 20000
    outside = PrintedMemcg(limit_path="/batch", counters={"memory": Counter(400_000, 400_000)})
    assert explain(report(hog, kernel="4.4.0", memcg=outside)).ranked[0].points == 19400


def test_before_3_5_points_are_per_mille_and_page_tables_are_estimated():
    explanation = explain(
        report(
            task(7, "a", 51_200, pgtables_bytes=None, swapents=None),
            task(8, "b", 51_210, pgtables_bytes=None, swapents=None),
            kernel="2.6.32-642.el6.x86_64",
            columns=OLD,
            killed=7,
        )
    )
    assert [r.points for r in explanation.ranked] == [513, 513]
    assert explanation.verdict.agrees and explanation.verdict.reason == "tie"


def test_the_first_or_the_last_of_equals():
    a, b = task(7, "a", 100), task(8, "b", 100)
    assert predicted(explain(report(a, b, kernel="4.19.0"))) == "a"
    assert predicted(explain(report(a, b, kernel="5.10.0"))) == "b"
    assert explain(report(a, b, killed=7)).verdict.reason == "tie"


def test_points_below_one():
    shielded = [task(7, "a", 5000, adj=-900), task(8, "b", 60, adj=-998)]
    assert explain(report(*shielded, kernel="4.19.0")).ranked[0].points == 1
    explanation = explain(report(*shielded, kernel="5.10.0"))
    assert predicted(explanation) == "a" and explanation.ranked[0].points == 5000 - 90_000


@pytest.mark.parametrize(
    ("release", "name"),
    [
        ("2.6.38", "2.6.32-2.6.39"),
        ("3.10.0-693.el7", "3.x"),
        ("4.4.0", "4.0-4.5"),
        ("4.18.0", "4.6-4.18"),
        ("5.15.0", "4.19-5.x"),
        ("6.12.1", "6.x+"),
        (None, "4.19-5.x"),
    ],
)
def test_generations(release, name):
    assert generation(report(task(1, "x", 1), kernel=release)) == name


@pytest.mark.parametrize(
    ("mask", "flags", "name"),
    [
        (0x201DA, (), "3.x"),
        (0x24000C0, (), "4.0-4.5"),
        (0x24000C0, ("GFP_KERNEL",), "4.6-4.18"),
        (0x16040C0, ("GFP_KERNEL",), "4.6-4.18"),
        (0x6200CA, ("GFP_USER",), "4.19-5.x"),
        (0xCC0, ("GFP_KERNEL",), "4.19-5.x"),
        (0x140CCA, ("GFP_HIGHUSER_MOVABLE",), "6.x+"),
        (0x1, (), "unknown"),
    ],
)
def test_the_bits_of_a_header_tell_the_generation(mask, flags, name):
    invoker = Invoker("x", gfp_mask=mask, gfp_flags=flags, oom_score_adj=0)
    assert generation(Report(invoker=invoker)) == name


def test_what_6_0_counts_first_tells_the_generation():
    counted = Memory(counts={"sec_pagetables": 0})
    assert generation(report(task(7, "hog", 5), kernel=None, memory=counted)) == "6.x+"
    listed = PrintedMemcg(stats={"/g": {"sec_pagetables": 0}})
    assert generation(report(task(7, "hog", 5), kernel=None, memcg=listed)) == "6.x+"


def test_a_kill_line_proves_later_rules_than_the_number():
    made = report(task(7, "hog", 5), killed=7, kernel="4.18.0-553.el8.x86_64")
    assert policy_for(made).ties == "first"
    made.kills[0].oom_score_adj = 0
    assert policy_for(made).ties == "last"


def test_heuristics_of_run_times_are_not_guessed():
    old = report(
        task(7, "hog", 5), kernel="2.6.30", columns="uid tgid total_vm rss cpu oom_adj name"
    )
    explanation = explain(replace(old, kills=[Kill(7, "hog")]))
    assert explanation.verdict.agrees is None and explanation.verdict.reason == "old heuristics"
    assert policy_for(old) is None


def memcg_of(limit_kb, swap_kb=None, both_kb=None, used_kb=None):
    counters = {"memory": Counter(limit_kb, limit_kb)}
    if swap_kb is not None:
        counters["swap"] = Counter(used_kb or 0, swap_kb)
    if both_kb is not None:
        counters["memory+swap"] = Counter(used_kb or limit_kb, both_kb)
    return PrintedMemcg(limit_path="/g", counters=counters)


def test_total_pages_of_a_memcg():
    unlimited = 9007199254740988

    def total(memcg, *tasks, **more):
        tasks = tasks or (task(7, "x", 5),)
        return total_pages(report(*tasks, memcg=memcg, memory=None, **more)).pages

    swapped = task(7, "x", 5, swapents=1)
    assert total(memcg_of(4000)) == 1000
    assert total(memcg_of(4000, swap_kb=8000)) == 1000  # no sign of swap on this machine
    assert total(memcg_of(4000, swap_kb=8000), swapped) == 3000
    assert total(memcg_of(4000, both_kb=9000), swapped) == 2250
    assert total(memcg_of(4000, both_kb=unlimited), swapped) == 1000
    scored = {"scored": Scored(7, "x", 2)}  # 6 pages are two thousandths of 3000
    assert total(memcg_of(4000, both_kb=unlimited), swapped, **scored) == 3000


@pytest.mark.parametrize("kernel, exact", [("5.2.1", False), ("5.4.0", True), ("6.1.0", True)])
def test_are_the_holes_of_the_allowed_nodes_counted(kernel, exact):
    """K 4.4, 5.2 constrained_alloc: node_spanned_pages(). K 5.4, 6.12: node_present_pages()."""
    text = (DATA / "6.1-global.txt").read_text("utf-8")
    text = text.replace("6.1.0-56-cloud-amd64", kernel).replace(
        "CONSTRAINT_NONE", "CONSTRAINT_CPUSET"
    )
    total = total_pages(next(parse(text)))
    assert (total.most == total.pages) == exact
    assert ("holes" in total.source) != exact


def reason(made):
    verdict = explain(made).verdict
    assert verdict.agrees is False and verdict.because == REASONS[verdict.reason]
    return verdict.reason


def test_each_known_reason():
    small, hog = task(5, "small", 500), task(7, "hog", 9000)
    assert reason(report(small, hog, killed=5)) == "passed over"
    assert reason(report(small, hog, killed=77)) == "rows missing"
    assert reason(report(task(5, "b", 8990), hog, killed=5)) == "close"
    assert reason(report(small, hog, killed=5, torn_table=13.5)) == "torn table"
    assert reason(report(small, hog, killed=5, earlier_victims=(5,))) == "already dying"
    assert reason(report(small, hog, task(8, "hog", 9000), killed=5)) == "shared mm"
    assert reason(report(small, hog, no_killable=True)) == "no task left"
    asked = report(small, hog, killed=5, invoker=Invoker("small", 5))
    assert reason(asked) == "passed over"  # its message does not name the sysctl
    asked.kills[0].message = ""
    assert reason(asked) == "asked, and killed"
    many = [task(100 + i, f"t{i}", 9000 + 97 * i) for i in range(20)]
    assert reason(report(small, *many, killed=5)) == "unexplained"
    assert reason(report(small, *many, killed=5, kernel="5.8.0-rc4")) == "unreleased kernel"


def test_hidden_swap_and_unknown_totals_and_capabilities():
    old = dict(kernel="2.6.32-642.el6.x86_64", columns=OLD, killed=5)
    rows = [task(5, "small", 500, swapents=None), task(7, "hog", 9000, swapents=None)]
    swapping = Memory(None, None, 8000, 100)
    assert reason(report(*rows, memory=swapping, **old)) == "hidden swap"

    one = Scored(5, "small", 1)  # which may have been less, so it says nothing of the total
    assert reason(report(*rows, memory=None, scored=one, **old)) == "unknown total"

    rows = [task(5, "small", 500, adj=-100), task(7, "hog", 90_000, adj=-200)]
    assert reason(report(*rows, killed=5, memory=None)) == "unknown total"
    root = [task(5, "small", 8800), task(7, "hog", 9000, uid=0)]
    assert reason(report(*root, killed=7, kernel="4.4.0")) == "capability"


def test_what_if_changes_one_thing():
    made = report(task(5, "small", 500), task(7, "hog", 9000), killed=7)
    assert predicted(what_if(made, adj={7: -1000})) == "small"
    assert predicted(what_if(made, adj={5: 1000})) == "small"
    assert predicted(what_if(made, rss={5: 9001})) == "small"
    assert predicted(what_if(made, swap={5: 9001})) == "small"
    assert what_if(made, limit_kb=40_000).total.pages == 100_000  # no limit was hit
    assert what_if(made, policy=PRESETS["linux-4.4"]).policy.name == "linux-4.4"
    twins = report(task(5, "a", 500), task(7, "b", 500))
    assert [predicted(what_if(twins, kernel=k)) for k in ("4.4", "6.1")] == ["a", "b"]
    assert what_if(made, adj={7: -1000}).verdict.reason is None


@pytest.mark.parametrize(
    "question",
    [
        "7:adj=1001",
        "8:adj=1",
        "adj=1",
        "7:limit=5",
        "7:rss=-1",
        "kernel=new",
        "policy=linux-4.3",
        "x",
    ],
)
def test_what_if_refuses_in_a_sentence(question):
    made = report(task(7, "hog", 9000), killed=7)
    with pytest.raises(ValueError, match=r"is not|there is no"):
        what_if(made, **changes([question]))


def test_questions_are_read():
    assert changes(["7:adj=-5", "8:adj=9", "7:rss=3", "limit=4", "kernel=5.1"]) == {
        "adj": {7: -5, 8: 9},
        "rss": {7: 3},
        "limit_kb": 4,
        "kernel": "5.1",
    }
    assert changes(["policy=linux-6.1"])["policy"] is PRESETS["linux-6.1"]


def run(capsys, *files, as_json=False, what_if=None):
    status = command.explain(Namespace(file=str(files[0]), json=as_json, what_if=what_if))
    told = capsys.readouterr()
    return status, told.out, told.err


def test_the_command_in_words(capsys):
    status, out, err = run(capsys, DATA / "6.12-memcg.txt", what_if=["118:adj=-1000"])
    assert status == 0 and not err
    assert "  The limit of /" in out and "was hit: 24576 of 24576 kB used" in out
    assert "The kernel killed in_small (118): the same choice." in out
    assert "What if?\n  The model chooses in_big (119)" in out
    assert max(len(line) for line in out.splitlines()) < 260


def test_the_command_in_json(capsys):
    status, out, err = run(capsys, DATA / "2.6.38-sacrifice.txt", as_json=True)
    answer = json.loads(out)
    assert status == 0 and not err and answer["schema"] == "oomlab-explain/1"
    assert len(answer["reports"]) == 5
    first = answer["reports"][0]
    assert first["victim"] == {"pid": 735, "name": "m1"}
    assert first["predicted"] == {"pid": 734, "name": "m0"}
    assert (first["agrees"], first["reason"]) == (True, "child sacrificed")
    assert first["complete"] and first["missing"] == [] and first["invoker"] == "trigger"
    assert first["score"]["printed"] == first["score"]["recomputed"] == 943
    assert first["tasks"][0]["name"] == "m0" and first["tasks"][0]["points"] == 943
    assert {"kernel", "generation", "kind"} <= first.keys()


@pytest.mark.parametrize(
    ("content", "sentence", "wanted"),
    [
        (b"nothing of the kind\n", "holds no OOM report.", 1),
        (b"", "holds no OOM report.", 1),
        (b"\x1f\x8b\x08" + bytes(99), "compressed", 2),
        (None, "cannot be read", 2),
    ],
)
@pytest.mark.parametrize("as_json", [False, True])
def test_without_a_report_one_sentence_and_a_status(
    content, sentence, wanted, as_json, capsys, tmp_path
):
    file = tmp_path / "log"
    if content is not None:
        file.write_bytes(content)
    status, out, err = run(capsys, file, as_json=as_json)
    assert status == wanted and sentence in err and err.count("\n") == 1
    if as_json and out:
        assert json.loads(out)["reports"] == []


def test_names_cannot_steer_a_terminal():
    made = report(task(7, "\x1b]0;owned\x07", 9000), killed=7)
    assert "\x1b" not in text_of(explain(made)) and "\x07" not in text_of(explain(made))
