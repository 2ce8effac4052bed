"""Single sentences that a real report once showed to be wrong or missing, each by its kind.

All reports here are made up.
"""

import io

from oomlab.reports.judge.explain import explain
from oomlab.reports.read.parse import parse
from oomlab.reports.tell.words import text_of

CAPTIONS = "[  pid  ]   uid  tgid total_vm      rss pgtables_bytes swapents oom_score_adj name"
HEADER = "{} invoked oom-killer: gfp_mask=0xcc0(GFP_KERNEL), order=0, oom_score_adj=0"
CPU = "CPU: 0 PID: 1 Comm: {} Not tainted {} #1"


def read(*lines):
    """The reports of these lines, a millisecond apart."""
    text = "".join(f"[   10.{n:06}] {line}\n" for n, line in enumerate(lines, 1000))
    return [explain(report) for report in parse(io.BytesIO(text.encode()))]


def row(pid, rss, adj, name):
    return f"[{pid:7}]     0 {pid:5} {2 * rss:8} {rss:8}     4096 {0:8} {adj:13} {name}"


def of_cgroup(kernel):
    """A pod whose tasks have adj -998: 16 MiB of 20, the smallest is killed."""
    (told,) = read(
        HEADER.format("big"),
        CPU.format("big", kernel),
        "memory: usage 20480kB, limit 20480kB, failcnt 7",
        CAPTIONS,
        row(70, 1, -998, "pause"),
        row(71, 4000, -998, "big"),
        "oom-kill:constraint=CONSTRAINT_MEMCG,oom_memcg=/pod,task_memcg=/pod/a,task=x,pid=70,uid=0",
        "Memory cgroup out of memory: Killed process 70 (pause) total-vm:8kB, anon-rss:4kB",
    )
    return told


def test_a_tie_at_the_floor_says_why():
    """5120 pages: adj -998 takes 4990 (998 x 5) from each, more than they have."""
    told = of_cgroup("5.1.0")
    assert [ranked.points for ranked in told.ranked] == [1, 1]
    assert told.verdict.reason == "floored" and "even the smallest" in text_of(told)
    assert of_cgroup("5.10.0").verdict.reason != "floored"


def test_what_to_do_names_the_cgroup_without_its_counters():
    assert any("raise the limit of /pod" in advice for advice in of_cgroup("5.1.0").advice)


def test_a_kill_line_that_cannot_be_is_not_missing():
    """A kernel that found no task, or panicked, prints none; a table of no rows is there."""
    (told,) = read(
        HEADER.format("swapper/0"),
        CPU.format("swapper/0", "6.8.0"),
        "Mem-Info:",
        "active_anon:0 inactive_anon:0 isolated_anon:0 slab_unreclaimable:9000 free:10",
        "Normal free:40kB min:400kB low:500kB high:600kB present:40000kB managed:40000kB",
        "10000 pages RAM",
        "0 pages reserved",
        CAPTIONS,
        "Out of memory and no killable processes...",
        "Kernel panic - not syncing: System is deadlocked on memory",
    )
    assert told.report.missing == []
    assert "none with memory of its own" in told.verdict.because
    assert "crashkernel=" in told.advice[0] and "slabtop" not in " ".join(told.advice)


def test_without_a_panic_it_was_not_the_whole_machine():
    """From 4.19 on this line is no panic's; K 4.19 out_of_memory() panics after it if global."""
    line, panic = "Out of memory and no killable processes...", "Kernel panic - not syncing: "
    (told,) = read(line, "usb 1-1: new device")
    assert told.report.kind == "memcg or sysrq" and "No panic follows" in text_of(told)
    for lines in ((line, panic + "System is deadlocked on memory"), (panic + line,)):
        (told,) = read(*lines)
        assert told.report.kind == "global" and "No panic follows" not in text_of(told)


def test_the_kernel_of_a_panic_is_named_after_it():
    (told,) = read(
        "Out of memory and no killable processes...",
        "Kernel panic - not syncing: System is deadlocked on memory",
        CPU.format("x", "5.8.0-rc4"),
    )
    assert told.report.kernel == "5.8.0-rc4" and "kernel version" not in told.report.missing


def test_a_kill_before_the_header_by_its_stamp_is_another_ooms():
    lost, told = read(
        "Out of memory: Killed process 53 (login) total-vm:8kB, anon-rss:4kB, file-rss:0kB",
        HEADER.format("init"),
        CPU.format("init", "5.4.0"),
        "Mem-Info:",
        "active_anon:100 inactive_anon:0 isolated_anon:0 free:10",
    )
    assert lost.report.victim.name == "login" and told.report.victim is None


def of_zones(*zones, gfp, cpuset="mems_allowed=0"):
    (told,) = read(
        f"x invoked oom-killer: gfp_mask={gfp}, order=0, oom_score_adj=0",
        f"x cpuset=/ {cpuset}",
        CPU.format("x", "5.10.0"),
        "Mem-Info:",
        "active_anon:0 inactive_anon:0 isolated_anon:0 free:500000",
        *zones,
        "oom-kill:constraint=CONSTRAINT_NONE,nodemask=(null),cpuset=/,mems_allowed=0,global_oom",
    )
    return told


def test_a_zone_without_memory_is_not_full():
    told = of_zones(
        "Node 0 DMA free:0kB min:0kB low:0kB high:0kB present:0kB managed:0kB",
        "Node 0 Normal free:2000000kB min:400kB low:500kB high:600kB managed:2000000kB",
        gfp="0xcc1(GFP_KERNEL|GFP_DMA)",
    )
    assert told.cause.kind == "low zone" and "no memory is in it" in told.cause.sentence
    assert not any("64-bit" in advice for advice in told.advice)  # there is no HighMem


def test_only_32_bits_are_told_to_use_64():
    told = of_zones(
        "Node 0 Normal free:300kB min:400kB low:500kB high:600kB managed:800000kB",
        "Node 0 HighMem free:2000000kB min:400kB low:500kB high:600kB managed:2000000kB",
        gfp="0xcc0(GFP_KERNEL)",
    )
    assert told.cause.kind == "low zone" and any("64-bit" in advice for advice in told.advice)


def test_nothing_is_advised_by_a_total_that_is_guessed():
    """How much an adj is worth is not known where neither RAM nor a limit is in the text."""
    (told,) = read(
        CAPTIONS,
        row(70, 4000, 0, "big"),
        row(71, 3000, 0, "next"),
        "Out of memory: Killed process 70 (big) total-vm:32000kB, anon-rss:16000kB",
    )
    assert told.verdict.agrees and not any("oom_score_adj" in advice for advice in told.advice)


def test_a_wrap_inside_kb_loses_no_size():
    (told,) = read(
        "Memory cgroup out of memory: Killed process 70 (cc1) total-vm:8kB, anon-rss:4k B, "
        "file-rss:2k"
        " B, shmem-rss:1kB"
    )
    assert told.report.kills[0].sizes_kb == {
        "total-vm": 8,
        "anon-rss": 4,
        "file-rss": 2,
        "shmem-rss": 1,
    }


def test_a_kernel_that_nothing_names_is_said_so():
    (told,) = read("Memory cgroup out of memory: Killed process 70 (adb) ....")
    assert "a kernel that the text does not name" in text_of(told)


OF_OPENWRT = """\
Wed Jul 26 05:48:34 2023 kern.warn kernel: [32350.7] net invoked oom-killer: gfp_mask=0x14200ca, order=0
Wed Jul 26 05:48:34 2023 kern.info kernel: [32350.8] [ pid ]   uid  tgid total_vm      rss nr_ptes nr_pmds swapents oom_score_adj name
Wed Jul 26 05:48:34 2023 kern.info kernel: [32350.8] [20533]   453 20533     7000     6600       9       3        0             0 dns
Wed Jul 26 05:48:34 2023 kern.err kernel: [32350.9] Out of memory: Kill process 20533 (dns) score 50 or sacrifice child
Wed Jul 26 05:48:34 2023 kern.err kernel: [32350.9] Killed process 20533 (dns) total-vm:28000kB, anon-rss:26400kB, file-rss:0kB
"""  # noqa: E501


def test_a_level_of_a_log_is_no_host():
    """OpenWrt and busybox print facility.level, VMware its own: each was a host of its own."""
    for head, host in {
        "Wed Jul 26 05:48:34 2023": None,
        "Jul 26 05:48:34 box": "box",
        "2023-12-04T10:49:30.125Z In(05) vcpu-5 - Guest:": None,
    }.items():
        text = OF_OPENWRT.replace("Wed Jul 26 05:48:34 2023", head)
        if "Guest" in head:
            for level in ("warn", "info", "err"):
                text = text.replace(f"kern.{level} kernel:", "<6>")
        (told,) = (explain(report) for report in parse(io.BytesIO(text.encode())))
        assert (told.report.host, told.report.victim.name) == (host, "dns"), head
        assert told.report.tasks and told.report.invoker, head


def test_without_stamps_a_bare_kill_is_not_the_next_ooms():
    lines = [
        "Out of memory: Killed process 31525 (tail) total-vm:8kB, anon-rss:4kB, file-rss:0kB",
        HEADER.format("firefox"),
        CPU.format("firefox", "5.12.0"),
    ]
    text = "".join(f"Jul 24 01:20:00 PC kernel: {line}\n" for line in lines)
    first, second = parse(io.BytesIO(text.encode()))
    assert first.victim.name == "tail" and second.victim is None


def test_a_cgroup_at_its_limit_is_told_without_its_kill_line():
    (told,) = read(
        "Task in /pod/a killed as a result of limit of /pod/a",
        "memory: usage 20480kB, limit 20480kB, failcnt 7",
        "Memory cgroup stats for /pod/a: cache:8KB rss:20000KB swap:4000KB mapped_file:0KB",
    )
    assert told.cause.kind == "cgroup: anonymous" and "swap used: 4000 KiB" in text_of(told)


def test_a_failure_without_a_name_has_none():
    line = "page allocation failure: order:0, mode:0x2080020(GFP_ATOMIC)\n"
    (report,) = parse(io.BytesIO((line + line).encode()), failures=True)
    assert report.invoker.comm == ""


def test_a_choice_that_fell_on_another_is_told_without_a_table():
    (told,) = read(
        "Out of memory: Kill process 2978 (netifd) score 1 or sacrifice child",
        "Killed process 4420 (udhcpc) total-vm:1096kB, anon-rss:32kB, file-rss:0kB, shmem-rss:0kB",
    )
    assert "The choice fell on netifd (2978), whose child" in text_of(told)


def test_a_score_with_adj_tells_the_whole():
    """score 1905 of a task with adj 999: 906 thousandths are its 90600 pages, so 100000 in all."""
    (told,) = read(
        CAPTIONS,
        row(70, 90599, 999, "node"),  # and 4096 bytes of page tables: one page
        "Memory cgroup out of memory: Kill process 70 (node) score 1905 or sacrifice child",
        "Killed process 70 (node) total-vm:800000kB, anon-rss:362396kB, file-rss:0kB",
    )
    assert told.total.pages == 100_000
    assert "recomputed" not in text_of(told)


def test_old_zones_hold_what_was_reserved_too():
    """To 3.8 a zone prints `present`, with the kernel's own image; RAM less reserved is it."""
    text = """\
x invoked oom-killer: gfp_mask=0x201da, order=0, oom_adj=0, oom_score_adj=0
Mem-info:
active_anon:6000 inactive_anon:6000 isolated_anon:0
 active_file:22 inactive_file:125 isolated_file:0
 free:252 slab_reclaimable:194 slab_unreclaimable:366 shmem:0
Normal free:1008kB min:1016kB low:1268kB high:1524kB present:65024kB
lowmem_reserve[]: 0 0
16384 pages of RAM
369 free pages
3000 reserved pages
560 slab pages
"""
    (report,) = parse(io.BytesIO(text.encode()))
    told = explain(report)
    assert (told.account.total_kib, told.account.notes) == (4 * 13384, ())


def told_of(line):
    (report,) = parse(io.BytesIO(f"{line}\n".encode()))
    return text_of(explain(report))


def test_a_kernel_is_not_named_closer_than_its_text_allows():
    """Numbers alone stand in headers of 3.6 to 4.3; oomkilladj is what 2.6.30 and older print."""
    header = "x invoked oom-killer: gfp_mask=0x80d0, order=0, "
    assert "a kernel of 3.6 to 4.3" in told_of(header + "oom_score_adj=0")
    assert "a kernel before 2.6.31" in told_of(header + "oomkilladj=0")


def test_bit_20_of_a_mask_is_called_as_in_its_kernel():
    for kernel, bit in (("3.10.0", "KMEMCG"), ("4.1.0", "NOACCOUNT"), ("4.5.0", "ACCOUNT")):
        mask = 0x24000C0 if kernel == "4.5.0" else 0xD0
        (told,) = read(
            f"x invoked oom-killer: gfp_mask={mask | 1 << 20:#x}, order=2, oom_score_adj=0",
            CPU.format("x", kernel),
        )
        assert f"[GFP_KERNEL|__GFP_{bit}]" in text_of(told), kernel


def test_a_stamp_with_the_processors_number():
    """A television's kernel prints [2-3219.1870]."""
    text = f"[2-3219.1870] {HEADER.format('x')}\n[2-3219.1871] {CPU.format('x', '4.1.10')}\n"
    (report,) = parse(io.BytesIO(text.encode()))
    assert (report.kernel, report.uptime_s, report.invoker.comm) == ("4.1.10", 3219.187, "x")


def test_a_low_zone_that_is_just_above_its_mark_has_little_left():
    told = of_zones(
        "Node 0 DMA free:16kB boost:0kB min:400kB low:500kB high:600kB managed:16000kB",
        "Node 0 Normal free:404kB boost:0kB min:400kB low:500kB high:600kB managed:800000kB",
        "Node 0 HighMem free:2000000kB min:400kB low:500kB high:600kB managed:2000000kB",
        gfp="0xcc0(GFP_KERNEL)",
    )
    assert "Node 0 DMA and Node 0 Normal only (little is left for it)" in told.cause.sentence


def test_who_asked_is_named_by_the_stack_where_the_header_lost_its_name():
    (told,) = read(
        "oom-killer: gfp_mask=0x101cc0(GFP_USER|__GFP_WRITE), order=0, oom_score_adj=0",
        "CPU: 0 PID: 397 Comm: mkfs.ext4 Not tainted 5.7.0 #1",
    )
    assert "mkfs.ext4 (397) asked for" in text_of(told)


def test_a_table_with_captions_of_no_release_is_of_a_patched_kernel():
    """One that counts what each task has on the node that is full."""
    (told,) = read(
        CAPTIONS.replace("pgtables_bytes", "(01)nrss pgtables_bytes"),
        "[     70]     0    70   300000   260000      100     4096        0             0 large",
        "[     71]     0    71    90000    70000    70000     4096        0             0 here",
        "oom-kill:constraint=CONSTRAINT_MEMORY_POLICY,nodemask=1,global_oom,task=here,pid=71,uid=0",
        "Out of memory: Killed process 71 (here) total-vm:360000kB, anon-rss:280000kB",
    )
    assert told.verdict.reason == "unreleased kernel" and "is patched" in text_of(told)


def test_the_summary_line_alone_is_an_oom():
    line = "oom-kill: constraint=CONSTRAINT_MEMORY_POLICY, nodemask=7, task=VLLM::EngineCor"
    said = told_of(line)
    assert "OOM report (mempolicy)" in said and "Only memory of these nodes was allowed: 7" in said


def of_memory(*lines):
    (told,) = read(
        "x invoked oom-killer: gfp_mask=0x201da, order=0, oom_score_adj=0", "Mem-Info:", *lines
    )
    return told


def test_the_lists_of_2_6_30_are_read():
    """15000 pages of cache, 2000 in the swap cache, 90 of files: 12910 are shared memory."""
    told = of_memory(
        "Active_anon:60000 active_file:30 inactive_anon:20000",
        " inactive_file:60 unevictable:0 dirty:0 writeback:0 unstable:0",
        " free:300 slab:10000 mapped:500 pagetables:600 bounce:0",
        "Normal free:1200kB min:1300kB low:1400kB high:1500kB present:400000kB",
        "15000 total pagecache pages",
        "2000 pages in swap cache",
        "100000 pages RAM",
        "5000 reserved pages",
    )
    rows = dict(told.account.rows)
    assert rows["shared memory and tmpfs"] == 4 * 12910
    assert rows["anonymous"] == 4 * (80000 - 12910) and rows["slab"] == 40000
    assert "worked out from the page cache" in text_of(told)


def test_swapoff_counts_below_zero():
    told = of_memory(
        "active_anon:60000 inactive_anon:20000 isolated_anon:0 active_file:9 free:300 shmem:10",
        "Normal free:1200kB min:1300kB low:1400kB high:1500kB managed:400000kB",
        "Free swap  = -245804kB",
        "Total swap = 0kB",
        "100000 pages RAM",
        "0 pages reserved",
    )
    assert "swap is being turned off with 240 MiB in it" in told.cause.sentence
    assert any("swapoff" in advice for advice in told.advice)


def test_what_cannot_be_evicted_need_not_be_mlocked():
    """Of 120000 pages the zones say that mlock() holds 4; a list of some zones says nothing."""
    listed = "active_anon:60000 inactive_anon:200 isolated_anon:0 free:300 unevictable:{} shmem:0"
    zone = "Normal free:1200kB min:1300kB low:1400kB high:1500kB unevictable:{}kB mlocked:16kB "
    for zones, rows in ((120000, {"unevictable, not by mlock": 119984}), (90000, {})):
        told = of_memory(listed.format(30000), zone.format(zones) + "managed:400000kB")
        found = dict(told.account.rows)
        assert found["unevictable (mlocked)"] == (16 if rows else 120000)
        assert rows.items() <= found.items()


def test_a_release_ends_before_the_number_of_the_build():
    """A mailer that breaks the line there leaves no blank."""
    assert "4.16.0-0.rc4.fc28.x86_64\n" in told_of(
        f"{HEADER.format('x')}\nCPU: 1 PID: 9 Comm: x Not tainted 4.16.0-0.rc4.fc28.x86_64#1"
    )


def test_what_old_kernels_do_not_count_is_no_leak():
    """2.6.31 counts neither what reclaim has isolated nor kernel stacks; its score is in pages."""
    text = """\
x invoked oom-killer: gfp_mask=0xd0, order=0, oom_adj=0
Pid: 5795, comm: x Not tainted 2.6.31-rc1 #147
Mem-Info:
CPU    0: hi:    0, btch:   1 usd:   0
Active_anon:10 active_file:11 inactive_anon:0
 inactive_file:0 unevictable:0 dirty:0 writeback:0 unstable:0
 free:1986 slab:4000 mapped:96 pagetables:5000 bounce:0
50000 pages RAM
0 pages reserved
Out of memory: kill process 3855 (x) score 179248 or a child
Killed process 4222 (y)
"""
    (report,) = parse(io.BytesIO(text.encode()))
    told = explain(report)
    assert told.cause.kind == "kernel, in no counter"
    assert "pages that reclaim had isolated, kernel stacks" in told.cause.sentence
    assert "more than the whole" not in text_of(told)
