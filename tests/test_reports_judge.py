"""Zones by the kernel's own test, the table that adds up, the cause, the advice, and their JSON.

All reports here are made up; the numbers are worked out by hand."""

import json
from pathlib import Path

import jsonschema
import pytest

from oomlab.reports import explain
from oomlab.reports.judge.advice import WHAT_TO_DO
from oomlab.reports.judge.causes.kinds import CAUSES
from oomlab.reports.judge.what_if import changes, what_if
from oomlab.reports.tell import records
from oomlab.reports.tell.report_picture import picture
from oomlab.reports.tell.words import text_of

SCHEMA = json.loads(
    (Path(records.__file__).parent / "oomlab-explain-1.schema.json").read_text(encoding="utf-8")
)
TABLE = "[  pid  ]   uid  tgid total_vm      rss pgtables_bytes swapents oom_score_adj name"
HIGHUSER_MOVABLE = "0x100cca(GFP_HIGHUSER_MOVABLE)"
NORMAL = (
    "Node 0 Normal free:{free}kB min:8000kB low:10000kB high:12000kB "
    "reserved_highatomic:{atomic}KB present:4000000kB managed:4000000kB free_cma:{cma}kB"
)


def counts(**pages):
    """Mem-Info of 1,000,000 pages, as the kernel prints it."""
    kinds = "active_anon inactive_anon isolated_anon active_file inactive_file isolated_file"
    kinds += " unevictable dirty writeback slab_reclaimable slab_unreclaimable mapped shmem"
    kinds += " pagetables bounce free free_pcp free_cma"
    return " ".join(f"{kind}:{pages.get(kind, 0)}" for kind in kinds.split())


def report(
    *zones,
    gfp=HIGHUSER_MOVABLE,
    order=0,
    tasks=(),
    kernel="6.1.0",
    more=(),
    ram=1_000_000,
    killed=True,
    **pages,
):
    """The text of an OOM on a machine of about 4 GB."""
    rows = [
        f"[{pid:7}]     0 {pid:5} {2 * rss:8} {rss:8}     4096 {0:8} {adj:13} {name}"
        for pid, name, rss, adj in tasks
    ]
    victim = tasks[0] if tasks and killed else None
    lines = [
        f"asker invoked oom-killer: gfp_mask={gfp}, order={order}, oom_score_adj=0",
        f"CPU: 0 PID: 5 Comm: asker Not tainted {kernel} #1",
        "Mem-Info:",
        counts(**pages),
        *zones,
        *more,
        f"{ram} pages RAM",
        "0 pages reserved",
        *([TABLE, *rows] if rows else []),
    ]
    if victim:
        lines.append(
            f"Out of memory: Killed process {victim[0]} ({victim[1]}) total-vm:{8 * victim[2]}kB, "
            f"anon-rss:{4 * victim[2]}kB, file-rss:0kB, shmem-rss:0kB, UID:0 pgtables:4kB "
            f"oom_score_adj:{victim[3]}"
        )
    return "\n".join(f"[  100.{n:06}] {line}" for n, line in enumerate(lines))


def only(text):
    (told,) = explain(text)
    return told


def normal(free=5000, atomic=0, cma=0):
    return NORMAL.format(free=free, atomic=atomic, cma=cma)


def zone_of(*lines, **how):
    return {zone.name: zone for zone in only(report(*lines, **how)).zones}


HOG = ((7, "hog", 800_000, 0), (8, "small", 9000, 0))


# zones


def test_below_and_above_the_min_mark():
    assert zone_of(normal(8000))["Normal"].usable is False  # more than min is needed
    assert zone_of(normal(8004))["Normal"].usable is True


def test_the_column_of_the_request_counts_and_not_the_largest():
    dma = "Node 0 DMA free:12000kB min:100kB low:125kB high:150kB present:16000kB managed:15000kB"
    lines = [dma, "lowmem_reserve[]: 0 500 3000 500", normal(), "lowmem_reserve[]: 0 0 9000 0"]
    high = "Node 0 HighMem free:900kB min:512kB low:600kB high:700kB managed:900000kB"
    lines += [high, "lowmem_reserve[]: 0 0 0 0"]
    kernel = zone_of(*lines, gfp="0xcc0(GFP_KERNEL)")
    assert kernel["DMA"].available_kib == 12000 - 500 * 4 and kernel["DMA"].usable
    user = zone_of(*lines, gfp="0x100cc2(GFP_HIGHUSER)")
    assert user["DMA"].available_kib == 12000 - 3000 * 4 and user["DMA"].usable is False
    assert user["HighMem"].usable and kernel["HighMem"].allowed is False


@pytest.mark.parametrize(
    ("mask", "allowed"),
    [
        ("0xcc1", {"DMA"}),
        ("0xcc4", {"DMA", "DMA32"}),
        ("0xcc0", {"DMA", "DMA32", "Normal"}),
        ("0xcc8", {"DMA", "DMA32", "Normal"}),  # movable alone does not reach ZONE_MOVABLE
        ("0xcc2", {"DMA", "DMA32", "Normal"}),
        ("0xcca", {"DMA", "DMA32", "Normal", "Movable"}),
    ],
)
def test_gfp_zone(mask, allowed):
    lines = []
    for name in ("DMA", "DMA32", "Normal", "Movable"):
        lines.append(f"Node 0 {name} free:90000kB min:10kB low:12kB high:14kB managed:100000kB")
        lines.append("lowmem_reserve[]: 0 0 0 0 0")
    zones = zone_of(*lines, gfp=mask)
    assert {name for name, zone in zones.items() if zone.allowed} == allowed


def test_cma_is_for_movable_requests_and_high_atomic_for_nobody_who_can_wait():
    full = normal(30_000, atomic=4000, cma=20_000)
    kernel = zone_of(full, gfp="0xcc0(GFP_KERNEL)")["Normal"]
    assert kernel.available_kib == 6000 and kernel.usable is False
    assert zone_of(full)["Normal"].available_kib == 26_000
    atomic = zone_of(full, gfp="0xa20(GFP_ATOMIC)")["Normal"]
    assert atomic.available_kib == 10_000 and atomic.min_kib == 3000  # half, and a quarter of that


@pytest.mark.parametrize(
    ("letters", "gfp", "usable"),
    [
        ("(C)", "0xcc0(GFP_KERNEL)", False),
        ("(H)", "0xcc0(GFP_KERNEL)", False),
        ("(I)", HIGHUSER_MOVABLE, False),
        ("(CH)", "0xcc0(GFP_KERNEL)", False),
        ("(UC)", "0xcc0(GFP_KERNEL)", True),
        ("(C)", HIGHUSER_MOVABLE, True),
        ("(M)", "0xcc0(GFP_KERNEL)", True),
        ("", "0xcc0(GFP_KERNEL)", True),
    ],
)
def test_a_block_of_the_order_must_be_of_a_kind_it_may_use(letters, gfp, usable):
    blocks = f"Node 0 Normal: 9000*4kB (UME) 0*8kB 0*16kB 3*32kB {letters} = 36096kB"
    told = only(report(normal(36_096), blocks, gfp=gfp, order=3, tasks=HOG))
    assert told.zones[0].usable is usable and told.zones[0].blocks == (3 if usable else 0)
    assert (told.cause.kind == "fragmentation") is not usable


def test_a_node_outside_of_the_mask():
    lines = [normal(), normal(900_000).replace("Node 0", "Node 1")]
    text = report(*lines, tasks=HOG, gfp="0xcc0(GFP_KERNEL), nodemask=0")
    told = only(text)
    assert [zone.allowed for zone in told.zones] == [True, False]
    assert told.cause.kind == "nodes"


# the table of the memory


def test_the_table_adds_up_and_names_what_is_missing():
    told = only(
        report(
            normal(),
            more=[
                "Node 0 hugepages_total=100 hugepages_free=40 hugepages_surp=0 "
                "hugepages_size=2048kB"
            ],
            tasks=((7, "hog", 300_000, 0),),
            active_anon=200_000,
            inactive_anon=150_000,
            shmem=50_000,
            active_file=20_000,
            dirty=5000,
            slab_unreclaimable=30_000,
            free=1250,
        )
    )
    rows = dict(told.account.rows)
    assert rows["anonymous"] == 4 * 300_000 and rows["shared memory and tmpfs"] == 4 * 50_000
    assert rows["file cache, clean"] == 4 * 15_000
    assert rows["file cache, dirty or being written"] == 4 * 5000
    assert rows["huge pages set aside"] == 204_800
    assert sum(rows.values()) == told.account.total_kib == 4_000_000
    known = 4 * (350_000 + 20_000 + 30_000 + 1250) + 204_800
    assert rows["in no counter"] == 4_000_000 - known
    assert told.cause.kind == "kernel, in no counter"


def test_ram_that_the_zones_contradict_is_not_used():
    told = only(report(normal(), ram=9_000_000, tasks=HOG, active_anon=990_000, free=1250))
    assert told.account.total_kib == 4_000_000 and told.total.pages == 1_000_000
    assert "not used" in told.account.notes[0]


# causes


MEMCG = [
    "memory: usage 400000kB, limit 400000kB, failcnt 9",
    "swap: usage 0kB, limit 9007199254740988kB, failcnt 0",
    "Memory cgroup stats for /kubepods.slice/kubepods-pod0a1b2c3d_0a1b_0a1b_0a1b_0a1b2c3d4e5f.slice"
    "/cri-containerd-" + 64 * "a" + ".scope:",
]
STATS = {"anon": 0, "file": 0, "kernel": 0, "shmem": 0, "file_dirty": 0, "slab": 0}


def memcg(**kib):
    """A cgroup of 400,000 kB; the rest of it is free pages' worth of nothing."""
    stats = [f"{name} {1024 * kib.get(name, 0)}" for name in STATS]
    text = report(more=[*MEMCG, *stats], tasks=HOG)
    return only(text.replace("Out of memory: K", "Memory cgroup out of memory: K"))


@pytest.mark.parametrize(
    ("kib", "kind"),
    [
        ({"anon": 390_000}, "cgroup: anonymous"),
        ({"file": 390_000, "file_dirty": 300_000}, "cgroup: dirty file"),
        ({"file": 390_000, "shmem": 380_000}, "cgroup: tmpfs"),
        ({"kernel": 390_000, "slab": 100_000}, "cgroup: kernel"),
        ({"file": 390_000}, "cgroup: limit"),
    ],
)
def test_what_fills_a_cgroup(kib, kind):
    told = memcg(**kib)
    assert told.cause.kind == kind and "391 MiB" in told.cause.sentence
    assert told.report.cgroup_version == 2
    assert sum(dict(told.account.rows).values()) == told.account.total_kib == 400_000
    (limited,) = [group for group in told.cgroups if group.role == "limit"]
    assert limited.pod == "0a1b2c3d-0a1b-0a1b-0a1b-0a1b2c3d4e5f"
    assert limited.container == 64 * "a" and limited.unit.startswith("cri-containerd-")


def test_a_limit_that_is_none_was_not_hit():
    lines = [line.replace("limit 400000kB", "limit 9007199254740988kB") for line in MEMCG]
    text = text_of(only(report(more=[*lines, "anon 400000000"], tasks=HOG)))
    assert "9007199254740988" not in text and "no limit of memory itself" in text


SPARE = "Node 0 HighMem free:900000kB min:512kB low:600kB high:700kB managed:1000000kB"


@pytest.mark.parametrize(
    ("kind", "how"),
    [
        ("one process", dict(active_anon=900_000, tasks=HOG)),
        ("processes", dict(active_anon=900_000, tasks=[(n, f"w{n}", 9000, 0) for n in range(90)])),
        ("shared memory", dict(inactive_anon=900_000, shmem=880_000, tasks=HOG[1:])),
        ("page cache", dict(inactive_file=900_000, dirty=700_000, tasks=HOG[1:])),
        ("slab", dict(slab_unreclaimable=800_000, tasks=HOG[1:])),
        ("page tables", dict(pagetables=700_000, tasks=HOG[1:])),
        ("kernel, in no counter", dict(tasks=HOG[1:])),
        ("unclear", dict(slab_unreclaimable=300_000, active_anon=320_000, inactive_file=300_000)),
    ],
)
def test_who_holds_the_machine(kind, how):
    told = only(report(normal(), free=1250, **how))
    assert told.cause.kind == kind and told.cause.evidence
    assert text_of(told).splitlines()[1].strip() == told.cause.sentence
    assert text_of(told).splitlines()[-1].startswith("  What to do: ")


def test_swap_that_is_full_or_takes_nothing():
    full = ["Free swap  = 0kB", "Total swap = 9000000kB"]
    told = only(report(normal(), more=full, tasks=HOG, active_anon=900_000, free=1250))
    assert told.cause.kind == "swap"
    room = ["Free swap  = 6000000kB", "Total swap = 8000000kB"]
    zram = dict(active_anon=700_000, free=1250, tasks=HOG)  # a quarter of the RAM in no counter
    assert only(report(normal(), more=room, **zram)).cause.kind == "zram"
    told = only(report(normal(), more=room, **zram | {"slab_unreclaimable": 298_000}))
    assert told.cause.kind == "one process" and "25 % of 7.6 GiB swap" in told.cause.sentence


def test_memory_is_free_but_not_for_this_request():
    low = report(normal(), SPARE, gfp="0xcc0(GFP_KERNEL)", tasks=HOG, free=226_250)
    assert only(low).cause.kind == "low zone"
    movable = SPARE.replace("HighMem", "Movable")
    told = only(report(normal(), movable, gfp="0xcc0(GFP_KERNEL)", tasks=HOG))
    assert told.cause.kind == "CMA or Movable only"
    cma = report(normal(900_000, cma=895_000), gfp="0xcc0(GFP_KERNEL)", tasks=HOG)
    assert only(cma).cause.kind == "CMA or Movable only"
    fault = report(normal(900_000), gfp="0x0()", tasks=HOG, kernel="5.4.0", free=225_000)
    assert only(fault).cause.kind == "spurious page fault"
    assert only(report(normal(900_000), tasks=HOG, free=225_000)).cause.kind == "unclear"


def test_sysrq_without_a_header():
    text = "sysrq: Manual OOM execution\nOut of memory: Killed process 7 (hog) total-vm:8kB"
    assert only(text).cause.kind == "SysRq"


def test_every_cause_has_advice_and_no_advice_is_of_another():
    assert WHAT_TO_DO.keys() == CAUSES.keys()


def test_no_advice_on_a_choice_that_was_another_one_or_none():
    agreed = only(report(normal(), tasks=HOG, active_anon=900_000))
    assert any("would have been chosen" in each for each in agreed.advice)
    other = only(report(normal(), tasks=(HOG[1], HOG[0]), active_anon=900_000))
    assert other.verdict.agrees is False and "chosen" not in " ".join(other.advice)
    unharmed = only(report(normal(), tasks=HOG, active_anon=900_000, killed=False))
    assert "chosen" not in " ".join(unharmed.advice)


# pages of other sizes


@pytest.mark.parametrize(
    ("release", "page"),
    [
        ("4.18.0-139.el8.ppc64le+debug", 64),
        ("5.14.0-70.el9.aarch64+64k", 64),
        ("5.14.0-70.el9.aarch64", 4),
        ("4.18.0-193.el8.aarch64", 64),
        ("6.5.0-400.asahi.fc39.aarch64+16k", 16),
        ("6.12.20+rpt-rpi-2712", 16),
        ("6.8.0-31-generic-64k", 64),
        ("5.10.0-8-sparc64-smp", 8),
        ("6.1.0-9-amd64", 4),
    ],
)
def test_the_size_of_a_page_by_the_release(release, page):
    told = only(
        f"a invoked oom-killer: gfp_mask=0xcc0\nCPU: 0 PID: 1 Comm: a Not tainted {release} #1"
    )
    assert told.report.page_kb == page


# what if


def test_questions_by_name_and_with_signs():
    told = only(report(normal(), tasks=HOG, active_anon=900_000))
    answer = what_if(told.report, **changes(["hog:adj=-1000"]))
    assert answer.predicted.row.name == "small"
    assert changes(["swap=+4G", "ram=-1M", "limit=2G", "limit=+1G", "hog:rss=8M"]) == {
        "more_swap_kb": 4 << 20,
        "more_ram_kb": -1024,
        "limit_kb": 2 << 20,
        "more_limit_kb": 1 << 20,
        "rss": {"hog": 8192},
    }
    more = what_if(told.report, more_ram_kb=4 * 1000)
    assert more.total.pages == told.total.pages + 1000
    with pytest.raises(ValueError, match="there is no program 'hgo'.*hog"):
        what_if(told.report, adj={"hgo": 1})


# as JSON and as a picture


EXAMPLES = [
    report(normal(), tasks=HOG, active_anon=900_000, free=1250),
    report(normal(), gfp="0x0()"),
    "\n".join(MEMCG),
    "Killed process 7 (hog) total-vm:8kB",
    "a invoked oom-killer:",
    *(path.read_text() for path in (Path(__file__).parent / "data" / "reports").glob("*.txt")),
]


@pytest.mark.parametrize("text", EXAMPLES)
def test_the_json_is_what_its_schema_says(text):
    reports = [json.loads(json.dumps(records.as_dict(told))) for told in explain(text)]
    whole = {"schema": records.SCHEMA, "reports": reports, "neighbours": []}
    jsonschema.Draft202012Validator(SCHEMA).validate(whole)
    for told in reports:
        assert sum(row["kib"] for row in told["memory"]) == (told["memory_kib"] or 0)


def test_the_picture_needs_nothing_and_hides_no_name():
    told = only(report(normal(), tasks=((7, "<b>&\x1b", 800_000, 0),), active_anon=900_000))
    drawn = picture(told).svg
    assert drawn.startswith("<svg") and "http" not in drawn.replace(
        "http://www.w3.org/2000/svg", ""
    )
    assert "<b>" not in drawn and "&lt;b&gt;" in drawn and "\x1b" not in drawn


def advice(**how):
    told = only(report(normal(), free=1250, **how))
    return told.cause.kind, " ".join(told.advice)


def test_advice_is_not_given_against_what_the_counters_say():
    kind, said = advice(inactive_file=900_000, tasks=HOG[1:])
    assert kind == "page cache" and "dirty_bytes" not in said
    kind, said = advice(inactive_file=900_000, dirty=700_000, tasks=HOG[1:])
    assert kind == "page cache" and "dirty_bytes" in said
    kind, said = advice(active_anon=20_000, unevictable=890_000, tasks=HOG)
    assert "swap lets idle pages" not in said
    assert "before 5.16" in " ".join(WHAT_TO_DO["spurious page fault"])
    assert "if the swap is a zram" in " ".join(WHAT_TO_DO["zram"])


def test_programs_say_that_shared_pages_count_for_each():
    many = [(n, "postgres", 300_000, 0) for n in range(1, 9)]
    text = text_of(only(report(normal(), free=1250, active_anon=600_000, tasks=many)))
    assert "By program, resident (pages that processes share count for each): postgres" in text


def test_two_holders_are_told_in_a_whole_sentence():
    told = only(
        report(
            normal(), slab_unreclaimable=300_000, active_anon=320_000, inactive_file=300_000, free=1
        )
    )
    assert told.cause.kind == "unclear"
    assert told.cause.sentence.startswith("No single holder of ")


def test_a_pid_above_the_default_pid_max_is_a_pid_like_any_other():
    """Many machines have kernel.pid_max 4194304."""
    log = (Path(__file__).parent / "data/reports/6.1-global.txt").read_text("utf-8")
    log = log.replace("[     87]  1003    87", "[4194303]  1003 4194303")
    log = log.replace("process 87 (", "process 4194303 (").replace("pid=87", "pid=4194303")
    told = explain(log)[0]
    assert told.verdict.agrees and told.predicted.row.pid == 4194303
