"""What if: questions whose answers are worked out by hand from the kernel that is named.

Points are rss + swap + page tables + adj x (total // 1000); mem_cgroup_get_max() is the limit and
the swap it may use; a charge of v1 counts against memory+swap first (try_charge_memcg).
"""

import io

from oomlab.reports.judge.explain import explain
from oomlab.reports.judge.what_if import answers_to, changes, what_if
from oomlab.reports.read.parse import parse

CAPTIONS = "[  pid  ]   uid  tgid total_vm      rss pgtables_bytes swapents oom_score_adj name"
FULL = (
    "Node 0 {} free:6000kB boost:0kB min:8000kB low:9000kB high:9900kB "
    "present:400000kB managed:400000kB"
)


def read(*lines, kernel="6.1.0", asked="0x100cca(GFP_HIGHUSER_MOVABLE), order=0", page_kb=4):
    tasks = [(70, 50000, 0, "db"), (71, 30000, 0, "web"), (72, 1000, 0, "cron")]
    rows = [
        f"[{pid:7}]  1000 {pid:5} {2 * rss:8} {rss:8} {1024 * page_kb:8} {0:8} {adj:13} {name}"
        for pid, rss, adj, name in tasks
    ]
    text = (
        f"x invoked oom-killer: gfp_mask={asked}, oom_score_adj=0",
        f"CPU: 0 PID: 9 Comm: x Not tainted {kernel} #1",
        *lines,
        CAPTIONS,
        *rows,
    )
    stamped = "".join(f"[   10.{n:06}] {line}\n" for n, line in enumerate(text))
    (report,) = parse(io.BytesIO(stamped.encode()))
    return report


def machine(*zones, **how):
    """100,000 pages, of which 81,000 are of processes; 2000 kB below the mark."""
    return read(
        "Mem-Info:",
        "active_anon:81000 inactive_anon:0 isolated_anon:0 active_file:9 inactive_file:0 free:1500",
        *(zones or [FULL.format("Normal")]),
        "Free swap  = 0kB",
        "Total swap = 0kB",
        "100000 pages RAM",
        "0 pages reserved",
        **how,
    )


def cgroup(*counters):
    """A cgroup of 400,000 kB, which is 100,000 pages, all in use."""
    stats = "Memory cgroup stats for /pod: cache:0KB rss:324000KB mapped_file:0KB"
    return read("memory: usage 400000kB, limit 400000kB, failcnt 7", *counters, stats)


def asked(report, *questions):
    wanted = changes(list(questions))
    told = what_if(report, **wanted)
    return told.predicted.row.name, told.total.pages, " ".join(answers_to(explain(report), wanted))


def test_of_a_machine():
    for questions, victim, pages, said in (
        ("db:adj=-199", "db", 100_000, ""),  # 50001 - 19900 = 30101, web has 30001
        ("db:adj=-201", "web", 100_000, ""),  # 29901
        ("db:adj=-1000", "web", 100_000, ""),
        ("web:adj=250", "web", 100_000, ""),  # 55001
        ("web:adj=150", "db", 100_000, ""),  # 45001
        ("web:adj=150 ram=+400M", "web", 202_400, "would have been met (2004 KiB were short"),
        ("ram=+1M", "db", 100_256, "would still have failed"),
        ("swap=+40M", "db", 110_240, "40 MiB could have left the memory"),
        ("limit=2G", "db", 100_000, "A limit was not what was short"),
        ("web:adj=250 limit=40M", "web", 100_000, "A limit was not what was short"),
        ("db:rss=100M", "web", 100_000, "95 MiB less would be in use: this request could have"),
        ("db:rss=49999", "db", 100_000, "4 KiB less would be in use: this request would still"),
        ("web:rss=60000", "web", 100_000, "117 MiB more would be in use"),
    ):
        told = asked(machine(), *questions.split())
        assert told[:2] == (victim, pages) and said in told[2], (questions, told)


def test_ram_that_the_request_could_not_use():
    both = FULL.format("DMA32"), FULL.format("Normal")
    low = machine(*both, asked="0xcc4(GFP_KERNEL|GFP_DMA32), order=0")
    assert "would lie in Node 0 Normal" in asked(low, "ram=+8G")[2]
    bound = machine(*both, asked="0x100cca(GFP_HIGHUSER_MOVABLE), nodemask=0, order=0")
    assert "on the nodes that this request was bound to only: 0" in asked(bound, "ram=+8G")[2]


def test_a_size_is_in_the_pages_of_the_machine():
    """64 MiB are 1024 pages of 64 kB; the same letter is 16384 of 4 kB."""
    big = machine(
        "Normal free:96000kB min:128000kB low:130000kB high:140000kB managed:6400000kB",
        "Normal: 1500*64kB 0*128kB = 96000kB",
        page_kb=64,
    )
    assert big.page_kb == 64
    for report, pages in ((big, 1024), (machine(), 16384)):
        told = what_if(report, **changes(["db:rss=64M"]))
        assert [r.row.rss for r in told.ranked if r.row.name == "db"] == [pages]


def test_of_a_cgroup():
    full = "memory+swap: usage 400000kB, limit 400000kB, failcnt 9"
    free = "memory+swap: usage 400000kB, limit 9007199254740988kB, failcnt 0"
    none = "swap: usage 0kB, limit 0kB, failcnt 0"
    much = "swap: usage 0kB, limit 9007199254740988kB, failcnt 0"
    for counters, question, pages, said in (
        (free, "limit=800000", 200_000, "would have succeeded, with 391 MiB to spare"),
        (free, "limit=+4K", 100_001, "with 4 KiB to spare"),
        (free, "limit=400000", 100_000, "is below what was used"),
        (full, "limit=800000", 200_000, "memory+swap is full (391 MiB)"),
        (full, "swap=+1G", 100_000, "may use 391 MiB of memory+swap only"),
        (none, "swap=+1G", 100_000, "may use 0 KiB of swap only"),
        (much, "swap=+1G", 362_144, "how much swap the machine had, and if it was full, is not"),
        (free, "ram=+8G", 100_000, "More RAM changes nothing"),
        (free, "db:rss=100M", 100_000, "this charge would have succeeded"),
    ):
        told = asked(cgroup(counters), question)
        assert told[1] == pages and said in told[2], (counters, question, told)


def test_a_limit_is_asked_with_the_swap_beside_it():
    """memory+swap 500000 kB: 25000 pages of swap; with a limit of 440000 kB memory+swap bounds it.

    web's adj of 150 is then worth 18750: 48751, less than db's 50001; with 200 it is 55001.
    """
    report = cgroup("memory+swap: usage 450000kB, limit 500000kB, failcnt 9")
    assert explain(report).total.pages == 125_000
    assert asked(report, "limit=440000", "web:adj=150")[:2] == ("db", 125_000)
    assert asked(report, "limit=440000", "web:adj=200")[:2] == ("web", 125_000)
