"""How deep a request may go into a zone, and why one fails that is no OOM.

All reports here are made up; the marks are worked out by hand from __zone_watermark_ok and
gfp_to_alloc_flags of the kernel that is named (mm/page_alloc.c).
"""

import io

from oomlab.cli import main
from oomlab.reports.judge.explain import explain
from oomlab.reports.read.parse import parse
from oomlab.reports.tell.words import text_of

COUNTS = (
    "active_anon:700 inactive_anon:100 isolated_anon:0 active_file:4000 inactive_file:3000 free:{}"
)
RECLAIM = ["zs_malloc", "zram_write", "shrink_node", "balance_pgdat", "kswapd", "kthread"]


def failed(
    flags,
    free,
    *,
    kernel="6.8.0",
    comm="net",
    order=0,
    trace=(),
    more="",
    zone="boost:0kB min:8000kB low:10000kB high:12000kB",
    blocks="",
    after=(),
):
    """A failure on a machine of one zone Normal, which nothing is kept back from."""
    lines = [
        f"{comm}: page allocation failure: order:{order}, mode:{flags}, nodemask=(null)",
        f"CPU: 0 PID: 7 Comm: {comm} Not tainted {kernel} #1",
        *(f" {name}+0x10/0x20" for name in trace),
        "Mem-Info:",
        COUNTS.format(free // 4),
        f"Normal free:{free}kB {zone} {more} present:40000kB managed:40000kB",
        "lowmem_reserve[]: 0 0",
        *([blocks] if blocks else []),
        "10000 pages RAM",
        "0 pages reserved",
        *after,
    ]
    stamped = "".join(f"[   10.{n:06}] {line}\n" for n, line in enumerate(lines))
    (report,) = parse(io.BytesIO(stamped.encode()), failures=True)
    return explain(report)


ATOMIC, KERNEL = "0x820(GFP_ATOMIC)", "0xcc0(GFP_KERNEL)"
NOWAIT = "0x800(GFP_NOWAIT)"


def test_a_mark_binds_each_request_as_deep_as_its_kernel_says():
    """min 8000 kB = 2000 pages: half 1000, less a quarter 750 (3000 kB); a quarter only 1500."""
    boost = "boost:4000kB"  # of the 8000; without it 1000 pages: 500, 375 (1500 kB)
    cases = {
        "who waits keeps to the mark": (KERNEL, {}, 8000),
        "atomic": (ATOMIC, {}, 3000),
        "atomic, never from the reserves": ("0x80820(GFP_ATOMIC|__GFP_NOMEMALLOC)", {}, 4000),
        "GFP_NOWAIT of today": (NOWAIT, {}, 8000),
        "GFP_NOWAIT of 3.10: a quarter deeper": ("0x200", {"kernel": "3.10.0"}, 6000),
        "atomic, before 5.9 a boost binds": (ATOMIC, {"more": boost, "kernel": "5.8.0"}, 3000),
        "atomic, since 5.9 it does not": (ATOMIC, {"more": boost, "kernel": "5.15.0"}, 1500),
        "high, since 6.3 neither": ("0xce0(GFP_KERNEL|__GFP_HIGH)", {"more": boost}, 2000),
        "high, before 6.3 it binds": (
            "0xce0(GFP_KERNEL|__GFP_HIGH)",
            {"more": boost, "kernel": "5.15.0"},
            4000,
        ),
        "all reserves": ("0x20c40(GFP_NOFS|__GFP_MEMALLOC)", {}, 0),
        "reclaim itself": (KERNEL, {"trace": RECLAIM}, 0),
        "kswapd": (KERNEL, {"comm": "kswapd0"}, 0),
        "reclaim, never from the reserves": (
            "0x80c40(GFP_NOFS|__GFP_NOMEMALLOC)",
            {"trace": RECLAIM},
            8000,
        ),
        "a softirq on top of reclaim": (
            ATOMIC,
            {"trace": ["__alloc_skb", "net_rx_action", "__do_softirq", *RECLAIM]},
            3000,
        ),
    }
    for case, (flags, how, mark) in cases.items():
        (at,) = failed(flags, mark, **how).zones
        (above,) = failed(flags, mark + 4, **how).zones
        assert (at.min_kib, at.usable, above.usable) == (mark, False, True), case


def test_a_boost_that_is_not_printed_leaves_it_open():
    """5.9 to 5.14: part of the mark may be a boost, of which an atomic request is free."""
    plain = "min:8000kB low:10000kB high:12000kB"
    (zone,) = failed(ATOMIC, 2000, kernel="5.10.0", zone=plain).zones
    assert zone.usable is None and "boost" in zone.why
    assert failed(ATOMIC, 2000, kernel="5.8.0", zone=plain).zones[0].usable is False


def test_the_block_itself_is_in_the_sum():
    """16 pages: 60 kB beyond the first. 8056 - 60 = 7996 is not above 8000; 8064 - 60 is."""
    flags = "0x40c40(GFP_NOFS|__GFP_COMP)"
    (zone,) = failed(flags, 8056, order=4).zones
    assert "less 60 kB" in zone.why and "not above its min mark" in zone.why
    (zone,) = failed(flags, 8064, order=4).zones
    assert "above its min mark of 8000 kB, but the list of its free blocks" in zone.why


def test_before_4_4_half_as_much_must_stay_of_each_order():
    """9000 kB free, 8 kB asked. Without the 1000 single pages 4996 kB are left, and 4000 must stay;
    without 1250 of them 3996: too little, though there are blocks."""
    for single, pairs, usable in ((1000, 625, True), (1250, 500, False)):
        blocks = f"Normal: {single}*4kB {pairs}*8kB 0*16kB = {4 * single + 8 * pairs}kB"
        told = failed("0xd0", 9000, kernel="3.10.0", order=1, blocks=blocks)
        assert told.zones[0].usable is usable, single
        assert failed(KERNEL, 9000, order=1, blocks=blocks).zones[0].usable, single
    assert told.cause.kind == "fragmentation" and "too few free blocks" in told.cause.sentence


def test_who_holds_the_memory_is_no_cause_of_a_failed_request():
    """70 % is file cache, which kswapd could still drop."""
    cases = {
        "could not wait": (NOWAIT, {}),
        "from reclaim itself": (KERNEL, {"trace": RECLAIM}),
        "gives up before": ("0x10cc0(GFP_KERNEL|__GFP_NORETRY)", {}),
        "may use all reserves": ("0x20c40(GFP_NOFS|__GFP_MEMALLOC)", {"free": 0}),
        "may wait, and fails only": (KERNEL, {}),
        "a large block": (KERNEL, {"order": 5}),
    }
    for words, (flags, how) in cases.items():
        told = failed(flags, how.pop("free", 7000), **how)
        assert told.cause.kind == "request" and words in told.cause.sentence, words
    assert "Normal had enough for it again" in failed(ATOMIC, 20000).cause.sentence
    assert "though 1000 KiB were free" in failed(ATOMIC, 1000).cause.sentence


def test_a_later_stack_is_not_the_requests():
    """A lock's complaint in the same second walks through reclaim."""
    later = ["WARNING: possible recursion", *(f" {name}+0x10/0x20" for name in RECLAIM)]
    told = failed(KERNEL, 7000, trace=["__kmalloc", "vfs_read"], after=later)
    assert told.report.trace == ["__kmalloc", "vfs_read"] and told.zones[0].min_kib == 8000


def test_stacks_of_arm_and_power_are_read():
    for line in (
        "[<c0123456>] (shrink_zone) from [<c0123457>] (kswapd+0x10/0x20)",
        "shrink_zone from kswapd+0x10/0x20",
        "[f100dc50] [c0be4e84] shrink_zone+0x88/0xcc",
        "[<ffffffff81234567>] shrink_zone+0x88/0xcc",
    ):
        told = failed(KERNEL, 0, trace=[line.removesuffix("+0x10/0x20")]).report
        assert told.trace == ["shrink_zone"], line


def test_stalls_and_vmalloc_are_no_failures_of_pages(tmp_path, capsys):
    log = tmp_path / "log"
    log.write_text(
        "[    1.0] x: page allocation stalls for 10004ms, order:1, mode:0x14000c0(GFP_KERNEL)\n"
        "[    2.0] swapon: vmalloc error: size 4194304, vm_struct allocation failed, mode:0xdc0\n"
        "[    3.0] kworker/0:1: vmemmap alloc failure: order:9, mode:0x4cc0(GFP_KERNEL)\n"
    )
    main(["explain", str(log)])
    said = capsys.readouterr().out
    assert "went on trying" in said and "x, order 1: This request waited long" in said
    assert "no room or no pages" in said
    assert "kworker/0:1, order 9: This request was for a large block" in said


def test_a_prefix_that_is_not_known_is_no_part_of_the_name():
    line = (
        "x [Mon Mar 25 23:35:17 2019] kworker/u8:4: page allocation failure: order:0, mode:0x800\n"
    )
    (report,) = parse(io.BytesIO(line.encode()), failures=True)
    assert report.invoker.comm == "kworker/u8:4"


def test_marks_larger_than_the_machine_are_a_fault_of_the_kernel():
    text = """\
[  1.0] x invoked oom-killer: gfp_mask=0x100cca(GFP_HIGHUSER_MOVABLE), order=0, oom_score_adj=0
[  1.0] CPU: 0 PID: 7 Comm: x Not tainted 5.4.0 #1
[  1.0] Mem-Info:
[  1.0] active_anon:100 inactive_anon:0 isolated_anon:0 active_file:0 inactive_file:0 free:9000
[  1.0] Normal free:36000kB min:99395541895224kB low:1kB high:1kB present:40000kB managed:40000kB
[  1.0] lowmem_reserve[]: 0 0
[  1.0] 10000 pages RAM
[  1.0] 0 pages reserved
"""
    (report,) = parse(io.BytesIO(text.encode()))
    assert "counters are broken" in explain(report).cause.sentence
    (report,) = parse(io.BytesIO(text.replace("99395541895224", "37000").encode()))
    assert "36 MiB" not in explain(
        report
    ).cause.sentence and "35 MiB of 39 MiB are free" in text_of(explain(report))
