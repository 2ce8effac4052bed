"""The marks of real machines and the points of real tasks, to the digit."""

import gzip
import json
import re
from math import isqrt
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from wide import examples

import oomlab
from oomlab import badness, lowmem_reserve, watermarks
from oomlab.model.kernel import Kernel
from oomlab.model.memory import Zone
from oomlab.model.mm import ANON, VMA
from oomlab.model.oom import oom_badness
from oomlab.policies.presets import PRESETS

DESKTOP = {"DMA": 15360, "DMA32": 2031616, "Normal": 6029312}
RECORDINGS = Path(__file__).parents[1] / "notebooks" / "recordings"
LONG_MIN = -(2**63)


@pytest.mark.parametrize("kernel", ["2.6.38", "4.4", "4.14", "5.10", "6.12"])
def test_khugepaged_makes_the_67584_kb_of_every_desktop(kernel):
    """Three zones of 2 + 9 pageblocks of 512 pages, whatever the size (set_recommended_...)."""
    assert watermarks(DESKTOP, kernel=kernel).min_free_kbytes == 3 * 11 * 512 * 4 == 67584
    alone = watermarks(DESKTOP, kernel=kernel, khugepaged=False)
    assert alone.min_free_kbytes == 11367  # floor(sqrt(16 * 8076288))


@pytest.mark.parametrize("kernel, kbytes", [("5.15", 11367), ("6.1", 11348), ("6.12", 11348)])
def test_huge_pages_that_are_off_at_boot_lower_the_marks_from_5_16_on(kernel, kbytes):
    """By hand: floor(sqrt(16 * (8076288 - 27492))), without what lies below the high marks."""
    never = watermarks(DESKTOP, kernel=kernel, transparent_hugepage="never")
    assert never.min_free_kbytes == kbytes
    for word in ("always", "madvise"):
        assert watermarks(DESKTOP, kernel=kernel, transparent_hugepage=word).zones == (
            watermarks(DESKTOP, kernel=kernel).zones
        )
    with pytest.raises(ValueError, match="leave khugepaged out"):
        watermarks(DESKTOP, kernel=kernel, transparent_hugepage="never", khugepaged=True)
    with pytest.raises(ValueError, match="'always' or 'madvise' or 'never'"):
        watermarks(DESKTOP, kernel=kernel, transparent_hugepage="off")


def test_which_marks_has_a_machine_of_more_than_16_tib():
    """K 4.4, 6.1, 6.8 do_div(tmp, lowmem_pages): by its low 32 bits. K 6.9, 6.12: div64_ul()."""
    pages = (1 << 32) + (1 << 28)
    for kernel, divisor in {"4.4": 1 << 28, "6.8": 1 << 28, "6.9": pages}.items():
        marks = watermarks({"Normal": 4 * pages}, kernel=kernel, min_free_kbytes=65536)
        assert marks.zones["Normal"][0] == 4 * (16384 * pages // divisor), kernel
    with pytest.raises(ValueError, match="divides by 0"):
        watermarks({"Normal": 1 << 34}, kernel="5.10")


def test_the_zones_of_a_desktop_in_4_4_and_4_6():
    """By hand: 16896 pages, of which DMA32 gets 16896 * 507904 // 2019072 = 4250, and so on."""
    old = watermarks(DESKTOP, kernel="4.4").zones
    assert old == {
        "DMA": (4 * 32, 4 * 40, 4 * 48),
        "DMA32": (4 * 4250, 4 * 5312, 4 * 6375),
        "Normal": (4 * 12613, 4 * 15766, 4 * 18919),
    }
    new = watermarks(DESKTOP, kernel="4.6").zones  # high is min + 2 * (min // 4) now
    assert new["DMA32"] == (4 * 4250, 4 * 5312, 4 * 6374)
    for kernel in ("5.15.85", "5.17"):
        assert (
            watermarks(DESKTOP, kernel=kernel, watermark_scale_factor=3000).zones["DMA"][1] == 4736
        )
    wide = watermarks(DESKTOP, kernel="4.6", watermark_scale_factor=500).zones
    assert wide["Normal"][1] == 4 * (12613 + 1507328 * 500 // 10000)


def test_five_percent_of_low_memory_is_the_most_that_khugepaged_takes():
    """By hand: 526 pages at boot, 29 for DMA, so high marks of 29 + 14 and 496 + 248 pages."""
    zones = {"DMA": 15360, "DMA32": 262144}
    boot = watermarks(zones, kernel="4.4", khugepaged=False)
    assert boot.min_free_kbytes == 2107 and boot.zones["DMA"][2] == 4 * 43
    raised = watermarks(zones, kernel="4.4", khugepaged=True).min_free_kbytes
    assert raised == (69376 - 43 - 744) // 20 * 4 == 13716


@pytest.mark.parametrize("kernel, most", [("2.6.36", 65536), ("5.6", 65536), ("5.7", 262144)])
def test_the_most_that_the_boot_formula_gives(kernel, most):
    huge = watermarks({"Normal": 1 << 33}, kernel=kernel, khugepaged=False)
    assert huge.min_free_kbytes == most
    tiny = watermarks({"DMA": 64}, kernel=kernel, khugepaged=False)
    assert tiny.min_free_kbytes == 128


def test_highmem_and_movable_have_a_small_min_and_a_wide_step():
    """4.4: HighMem alone is set apart; 6.6 (K 6.6 __setup_per_zone_wmarks): Movable, too."""
    zones = {"DMA": 16384, "Normal": 884736, "HighMem": 3145728}
    marks = watermarks(zones, kernel="4.4", khugepaged=False)
    pages = marks.min_free_kbytes // 4
    part = pages * 786432 // (225280)
    assert marks.zones["HighMem"] == (512, 4 * (128 + part // 4), 4 * (128 + part // 2))
    movable = {"DMA32": 2097152, "Normal": 4194304, "Movable": 8388608}
    before, after = (watermarks(movable, kernel=k, khugepaged=False) for k in ("6.5", "6.6"))
    assert before.min_free_kbytes == after.min_free_kbytes
    assert after.zones["Movable"][0] == 4 * 128 and before.zones["Movable"][0] > 4 * 128
    assert after.zones["Normal"] > before.zones["Normal"]
    empty = watermarks({"Normal": 4194304, "Movable": 0}, kernel="6.12").zones["Movable"]
    assert empty == (128, 128, 128)


def test_which_zones_khugepaged_counts():
    """An empty zone never; Movable to 4.16 (K 4.16, 4.17 set_recommended_min_free_kbytes)."""
    zones = {"DMA": 15360, "DMA32": 2097152, "Normal": 8388608, "Movable": 8388608}
    assert watermarks(zones, kernel="4.16").min_free_kbytes == 4 * 11 * 512 * 4
    assert watermarks(zones, kernel="4.17").min_free_kbytes == 3 * 11 * 512 * 4
    zones["Movable"] = 0
    assert watermarks(zones, kernel="4.16").min_free_kbytes == 3 * 11 * 512 * 4
    assert watermarks(zones, kernel="2.6.36") == watermarks(
        zones, kernel="2.6.36", khugepaged=False
    )


def test_a_written_min_free_kbytes_is_taken():
    marks = watermarks({"Normal": 4194304}, kernel="6.1", min_free_kbytes=100_003)
    assert marks.min_free_kbytes == 100_003 and marks.zones["Normal"][0] == 100_000


def test_lowmem_reserve_by_version():
    """Of 1507904 pages above DMA a 256th; K 6.12 leaves an empty Movable out, K 6.9 does not."""
    zones = {**DESKTOP, "Movable": 0}
    old = lowmem_reserve(zones, kernel="6.9")
    assert old["DMA"] == {"DMA32": 1984, "Normal": 7872, "Movable": 7872}
    assert old["Normal"] == {"Movable": 0}
    assert lowmem_reserve(zones, kernel="6.12")["DMA"]["Movable"] == 0
    high = {"DMA": 16384, "Normal": 884736, "HighMem": 3145728, "Movable": 4096}
    assert lowmem_reserve(high, kernel="4.16")["HighMem"] == {"Movable": 32}
    assert lowmem_reserve(high, kernel="4.17")["HighMem"] == {"Movable": 0}


@given(st.integers(64, 1 << 33), st.sampled_from([n for n in PRESETS if n.startswith("linux")]))
@settings(max_examples=examples(60), deadline=None)
def test_the_model_has_the_marks_of_one_zone(kbytes, name):
    policy = PRESETS[name]
    marks = watermarks({"Normal": kbytes}, kernel=policy.kernel, khugepaged=False)
    zone = Zone(kbytes // 4, policy.watermarks, marks.min_free_kbytes)
    assert marks.zones["Normal"] == (4 * zone.min, 4 * zone.low, 4 * zone.high)


def logs(kernel: str):
    for path in sorted(RECORDINGS.glob(f"*.k{kernel}.r*.json.gz")):
        yield gzip.decompress(path.read_bytes()).decode()


def test_the_marks_that_2_6_38_printed():
    seen = 0
    line = r"(DMA32|DMA|Normal) free:\d+kB min:(\d+)kB low:(\d+)kB high:(\d+)kB.*?present:(\d+)kB"
    for text in logs("2.6.38"):
        zones = {name: (int(p), tuple(map(int, m))) for name, *m, p in re.findall(line, text)}
        if zones:
            sizes = {name: present for name, (present, _) in zones.items()}
            marks = watermarks(sizes, kernel="2.6.38", khugepaged=False).zones
            assert marks == {name: three for name, (_, three) in zones.items()}
            seen += 1
    assert seen


@pytest.mark.parametrize("kernel", ["2.6.38", "4.10.7", "6.1"])
def test_the_oom_score_that_was_read_in_proc(kernel):
    """/proc/PID/oom_score of the recorded tasks. Later than 6.1 the counters are read otherwise."""
    seen = 0
    for text in logs(kernel):
        before = json.loads(text)["before"]
        total = (before["meminfo"]["MemTotal"] + before["meminfo"].get("SwapTotal", 0)) // 4
        for proc in before["procs"]:
            status = proc["status"]
            if proc["pid"] == 1 or "VmRSS" not in status or "oom_score" not in proc:
                continue
            tables = status.get("VmPTE", 0) // 4, status.get("VmPMD", 0) // 4
            if kernel == "6.1":
                tables_given = {"pgtables_bytes": 1024 * status["VmPTE"]}
            else:
                tables_given = {"nr_ptes": tables[0], "nr_pmds": tables[1]}
            found = badness(
                rss=proc["statm"][1],
                swapents=status.get("VmSwap", 0) // 4,
                uid=status["Uid"],
                oom_score_adj=proc["oom_score_adj"],
                totalpages=total,
                kernel=kernel,
                **tables_given,
            )
            if kernel == "2.6.38" and proc["oom_score"] == 0:
                continue  # mm->oom_disable_count: a process with adj -1000 shares its mm
            seen += 1
            assert abs(found.score - proc["oom_score"]) <= 1, (proc, found)
    assert seen > 10


def test_the_score_that_m08_printed():
    """M08: rss 397587, 787 ptes, 6 pmds, 524157 - 76632 pages: score 890."""
    points, score = badness(rss=397587, nr_ptes=787, nr_pmds=6, totalpages=447525, kernel="4.4")
    assert (points, score) == (398380, 890)


@pytest.mark.parametrize(
    "kernel, uid, adj, expected",
    [
        ("2.6.38", 1000, 0, (100, 100)),  # 100 000 pages of a million, without page tables
        ("2.6.39", 1000, 0, (101, 101)),  # 101 100 with 1000 ptes, but pmds do not count
        ("3.4", 0, 0, (71, 71)),
        ("3.4", 1000, -200, (1, 1)),
        ("3.5", 1000, 0, (101_000, 101)),
        ("3.5", 0, 0, (71_000, 71)),  # adj - 30
        ("3.13", 0, -1, (70_000, 70)),
        ("3.14", 0, 0, (97_970, 97)),  # 101000 - 3030
        ("4.0", 1000, 0, (101_100, 101)),  # 100 pmds count
        ("4.16", 0, 100, (98_067 + 100_000, 198)),  # 101100 - 3033
        ("4.17", 0, 100, (201_100, 201)),
        ("5.8", 1000, -500, (1, 0)),
        ("5.9", 1000, -500, (-398_900, (1000 - 398) * 2 // 3)),
        ("6.12", 1000, 1000, (1_101_100, 2101 * 2 // 3)),
        ("5.8", 1000, -1000, (0, 0)),
        ("5.9", 1000, -1000, (LONG_MIN, 0)),
    ],
)
def test_points_and_score_by_version(kernel, uid, adj, expected):
    sizes = dict(rss=90_000, swapents=10_000, nr_ptes=1000, nr_pmds=100, totalpages=1_000_000)
    assert badness(**sizes, uid=uid, oom_score_adj=adj, kernel=kernel) == expected


def test_the_thousandth_is_rounded_before_it_is_multiplied():
    assert badness(rss=0, oom_score_adj=999, totalpages=1999, kernel="4.17").points == 999
    assert badness(rss=7, oom_score_adj=999, totalpages=999, kernel="6.1").points == 7


def test_2_6_39_to_3_1_overflow_above_8_gib():
    """K 2.6.39, 3.0, 3.1.3 oom_badness: `int points`, times 1000, divided as unsigned long.

    `long points` in K 3.1.10, 3.2 and 3.3, and in the stable 3.0.16 (its list of changes).
    """
    pages, total = 2_200_000, 4_000_000
    wrapped = (pages * 1000 + 2**31) % 2**32 - 2**31
    assert wrapped < 0
    quotient = wrapped % 2**64 // total
    as_int = (quotient + 2**31) % 2**32 - 2**31
    expected = min(max(as_int, 1), 1000)
    for kernel in ("2.6.39", "3.0", "3.0.15", "3.1", "3.1.3"):
        assert badness(rss=pages, totalpages=total, kernel=kernel).points == expected
    for kernel in ("2.6.38", "3.0.16", "3.1.10", "3.2", "3.3.8", "3.4"):
        assert badness(rss=pages, totalpages=total, kernel=kernel).points == 550
    for kernel in ("3.1.4", "3.1.9"):
        with pytest.raises(ValueError, match=r"3\.1\.4 to 3\.1\.9"):
            badness(rss=pages, totalpages=total, kernel=kernel)


def test_has_a_stable_release_of_3_10_the_root_bonus_of_3_14():
    """K 3.10, 3.10.4 oom_badness: 3 % of all memory. K 3.10.108, 3.14: of its own points."""
    ask = dict(rss=50_000, uid=0, totalpages=1_000_000)
    for kernel, points in {
        "3.10": 20_000,
        "3.10.4": 20_000,
        "3.11.10": 20_000,
        "3.13": 20_000,
    }.items():
        assert badness(**ask, kernel=kernel).points == points, kernel
    for kernel in ("3.10.108", "3.14", "3.14.2", "4.16"):
        assert badness(**ask, kernel=kernel).points == 48_500, kernel
    for kernel in ("3.10.40", "3.12.7", "3.13.11"):
        with pytest.raises(ValueError, match="not looked up"):
            badness(**ask, kernel=kernel)
        assert badness(**ask | {"uid": 1}, kernel=kernel).points == 50_000


def test_one_that_shares_the_memory_protects_it_from_2_6_37_to_3_1():
    """mm->oom_disable_count: 3d5992d2ac7d (2.6.37) to c9f01245b6a7 (3.2)."""
    for kernel, points in [("2.6.36", 500), ("2.6.37", 0), ("3.1.3", 0), ("3.2", 500)]:
        found = badness(rss=500, totalpages=1000, oom_disable_count=1, kernel=kernel)
        assert found == (points, points), kernel


@given(
    st.integers(0, 900),
    st.integers(-999, 1000),
    st.booleans(),
    st.sampled_from([n for n in PRESETS if n.startswith("linux")]),
)
@settings(max_examples=examples(80), deadline=None)
def test_the_model_counts_the_same(pages, adj, root, name):
    policy = PRESETS[name]
    kernel = Kernel(policy, 1200)
    heap = [VMA("heap", ANON, pages)]
    task = kernel.spawn("task", vmas=heap, adj=adj, uid=0 if root else 1000)
    points = oom_badness(task, 1200, policy)
    mm = task.mm
    found = badness(
        rss=pages,
        nr_ptes=mm.nr_ptes,
        nr_pmds=mm.nr_pmds,
        uid=task.uid,
        oom_score_adj=adj,
        totalpages=1200,
        kernel="3.12" if name == "linux-3.10" else policy.kernel,
    )
    assert found.points == points


@pytest.mark.parametrize(
    "call, word",
    [
        (lambda: watermarks(DESKTOP, kernel="2.6.35"), "2.6.36"),
        (lambda: watermarks(DESKTOP, kernel="4.21"), "release"),
        (lambda: watermarks(DESKTOP, kernel="7.0"), "release"),
        (lambda: watermarks(DESKTOP, kernel="linux-4.4"), "release"),
        (lambda: watermarks(DESKTOP, kernel=4.4), "kernel as text"),
        (lambda: watermarks({"dma": 1}, kernel="4.4"), "a zone is"),
        (lambda: watermarks({"Normal": -4}, kernel="4.4"), "whole number"),
        (lambda: watermarks({"Normal": 1.5}, kernel="4.4"), "whole number"),
        (lambda: watermarks({}, kernel="4.4"), "some memory"),
        (lambda: watermarks({"Normal": 4, "Node 0 Normal": 4}, kernel="4.4"), "given twice"),
        (lambda: watermarks(DESKTOP, kernel="4.4", min_free_kbytes=1 << 31), "to 2147483647"),
        (lambda: watermarks({"HighMem": 4096}, kernel="4.4"), "some memory"),
        (lambda: watermarks(DESKTOP, kernel="4.4", watermark_scale_factor=10), "4.6"),
        (lambda: watermarks(DESKTOP, kernel="6.1", watermark_scale_factor=0), "from 1 to 3000"),
        (lambda: badness(rss=-1, totalpages=9, kernel="6.1"), "rss"),
        (lambda: badness(rss=1, totalpages=0, kernel="6.1"), "totalpages"),
        (lambda: badness(rss=1, totalpages=9, oom_score_adj=1001, kernel="6.1"), "1000"),
        (lambda: badness(rss=1, totalpages=9, pgtables_bytes=4096, kernel="4.14"), "4.15"),
        (lambda: badness(rss=1, totalpages=9, pgtables_bytes=1, nr_ptes=1, kernel="6.1"), "both"),
    ],
)
def test_what_cannot_be_is_refused_in_a_sentence(call, word):
    with pytest.raises(ValueError, match=word) as wrong:
        call()
    assert "\n" not in str(wrong.value)


def test_they_are_oomlabs():
    assert oomlab.watermarks is watermarks and oomlab.badness is badness


def test_a_small_machine_has_no_huge_pages_unless_told():
    """K 2.6.38 to 6.18 hugepage_init: below 512 MB they are off, and khugepaged with them."""
    small, enough = {"DMA": 15360, "DMA32": 380000}, {"DMA": 15360, "DMA32": 510000}
    for kernel in ("2.6.38", "4.10", "6.12"):
        boot = watermarks(small, kernel=kernel, khugepaged=False)
        assert watermarks(small, kernel=kernel) == boot
        assert watermarks(small, kernel=kernel, khugepaged=True) != boot
        raised = watermarks(enough, kernel=kernel)
        assert raised == watermarks(enough, kernel=kernel, khugepaged=True)


def test_which_marks_has_a_machine_of_4_4_after_a_plain_boot():
    """K 4.4: hugepage_init() is a subsys_initcall, init_per_zone_wmark_min() a module_init.

    By hand: khugepaged makes high marks of 48 + 6375 + 18919 pages, which the formula leaves out:
    floor(sqrt(16 * 4 * (2019072 - 25342))). In 4.0 it comes later, in 4.6 it comes later again.
    """
    for kernel, kbytes in (("4.0", 67584), ("4.1", 11295), ("4.4", 11295), ("4.6", 67584)):
        for word in ("always", "madvise"):
            booted = watermarks(DESKTOP, kernel=kernel, transparent_hugepage=word)
            assert booted.min_free_kbytes == kbytes, kernel
        assert watermarks(DESKTOP, kernel=kernel, khugepaged=True).min_free_kbytes == 67584
        never = watermarks(DESKTOP, kernel=kernel, transparent_hugepage="never")
        assert never.min_free_kbytes == 11367, kernel


def test_which_marks_have_700_mb_after_a_boot_of_4_4():
    """By hand: 178840 pages, 8942 at first, so high marks of 192 + 96 and 8750 + 4375 pages.

    min_free_kbytes is then floor(sqrt(16 * 4 * 165427)) = 3253, and of its 813 pages DMA has 17.
    """
    zones = {"DMA": 15360, "DMA32": 700000}
    booted = watermarks(zones, kernel="4.4", transparent_hugepage="always")
    assert booted.min_free_kbytes == 3253 and booted.zones["DMA"] == (4 * 17, 4 * 21, 4 * 25)


def test_the_marks_of_a_machine_with_two_nodes():
    """__setup_per_zone_wmarks: each zone of each node has its part of one min_free_kbytes."""
    zones = {
        "Node 1 Normal": 16_777_216,
        "Node 0 DMA": 15_360,
        "Node 0 DMA32": 2_031_616,
        "Node 0 Normal": 14_680_064,
    }
    marks = watermarks(zones, kernel="6.12", khugepaged=False)
    assert list(marks.zones) == [*list(zones)[1:], "Node 1 Normal"]
    total = sum(zones.values())
    assert marks.min_free_kbytes == isqrt(total * 16)
    part = marks.min_free_kbytes // 4 * (16_777_216 // 4) // (total // 4)
    assert marks.zones["Node 1 Normal"][0] == 4 * part
    raised = watermarks(zones, kernel="6.12")
    assert raised.min_free_kbytes == max(4 * 512 * 4 * 11, marks.min_free_kbytes)  # four zones
    reserves = lowmem_reserve(zones, kernel="6.12")
    assert reserves["Node 1 Normal"] == {}
    assert reserves["Node 0 DMA"]["Node 0 Normal"] == (2_031_616 + 14_680_064) // 4 // 256
    with pytest.raises(ValueError, match="a zone is"):
        watermarks({"Node x Normal": 4096}, kernel="6.12")


def test_a_zone_without_a_reserve_is_not_counted_from_5_8_to_5_10():
    """K 5.8, 5.10 setup_per_zone_lowmem_reserve: `continue` before the pages are added."""
    zones = {"DMA": 16_000, "Normal": 800_000, "HighMem": 1_024_000, "Movable": 512_000}
    for kernel, pages in (("4.4", 384_000), ("5.7", 384_000), ("5.8", 128_000), ("5.10", 128_000)):
        assert lowmem_reserve(zones, kernel=kernel)["Normal"]["Movable"] == pages // 32, kernel
    assert lowmem_reserve(zones, kernel="5.11")["Normal"]["Movable"] == 384_000 // 32
    empty = {"DMA": 0, "Normal": 800_000}
    assert lowmem_reserve(empty, kernel="5.7")["DMA"]["Normal"] == 200_000 // 256
    assert lowmem_reserve(empty, kernel="5.8")["DMA"]["Normal"] == 0
