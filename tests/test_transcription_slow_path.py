"""The allocator's slow path once more, from the C of each release, against oomlab.model.memory.

Written from gfp_to_alloc_flags, __zone_watermark_ok, __alloc_pages_slowpath, __alloc_pages_may_oom,
should_alloc_retry and should_reclaim_retry of the releases named below, jumps and all, without the
model. The machine is as small as it gets: so many pages free, so many on the LRU lists that cannot
be freed, one hog that does not die, one request. What becomes of it: a page, a failure, a kill, or
rounds without end. Left out is what docs/gfp-contract.md says.
"""

from dataclasses import dataclass
from random import Random

from run_machine import RELEASES, names
from wide import examples

from oomlab.model import gfp as g
from oomlab.model.kernel import Kernel
from oomlab.model.memory import alloc_pages
from oomlab.model.tasks import PF_DUMPCORE, PF_MEMALLOC, do_send_sigkill
from oomlab.policies.presets import PRESETS
from oomlab.scenarios.programs import hang
from oomlab.scenarios.registry import heap

MIN, LOW, HIGH_MARK = 100, 125, 150
(HIGH, IO, FS, REPEAT, NOFAIL, NORETRY, MEMALLOC, NOMEMALLOC, ATOMIC, DIRECT, KSWAPD) = FLAGS = (
    tuple(
        getattr(g, f"__GFP_{name}")
        for name in (
            *(
                "HIGH",
                "IO",
                "FS",
                "REPEAT",
                "NOFAIL",
                "NORETRY",
                "MEMALLOC",
                "NOMEMALLOC",
                "ATOMIC",
            ),
            *("DIRECT_RECLAIM", "KSWAPD_RECLAIM"),
        )
    )
)
OFTEN = (0.25, 0.6, 0.55, 0.25, 0.3, 0.15, 0.08, 0.12, 0.2, 0.75, 0.8)
NO_WATERMARKS, OOM, HARDER, HALF = 4, 8, 16, 32


class Ends(Exception):
    """What became of the request."""


@dataclass
class Request:
    """One request by one task, on one machine."""

    version: tuple
    gfp: int
    order: int
    who: str
    free: int
    stuck: int
    off: bool  # oom_killer_disabled
    victim: bool = False  # TIF_MEMDIE, or signal->oom_mm
    scanned: int = 0
    loops: int = 0

    def __post_init__(self) -> None:
        self.victim = self.who == "victim"

    def look(self, flags: int, mark: int | None = None) -> None:
        """get_page_from_freelist()"""
        pages = 1 << self.order
        if self.free >= pages and (
            flags & NO_WATERMARKS
            or self.free - pages + 1 > (self.mark(flags) if mark is None else mark)
        ):
            raise Ends("page")

    def mark(self, flags: int) -> int:
        """__zone_watermark_ok(); in 6.12 ALLOC_NON_BLOCK counts with ALLOC_MIN_RESERVE alone."""
        least = MIN
        if flags & HALF:
            least -= least // 2
        if flags & OOM:
            least -= least // 2
        elif flags & HARDER and (self.version < (6, 12) or flags & HALF):
            least -= least // 4
        return least

    def flags(self) -> int:
        """gfp_to_alloc_flags()"""
        gfp, version, real_time = self.gfp, self.version, self.who == "real-time"
        flags = HALF if gfp & HIGH else 0
        atomic = gfp & ATOMIC if (4, 4) <= version < (6, 12) else not gfp & DIRECT
        if atomic:
            flags |= 0 if gfp & NOMEMALLOC else HARDER
        elif real_time:
            flags |= HARDER if version < (6, 12) else HALF
        if version < (4, 10) and self.reserve():
            flags |= NO_WATERMARKS
        return flags

    def reserve(self) -> int:
        """gfp_pfmemalloc_allowed(), __gfp_pfmemalloc_flags()"""
        if self.gfp & NOMEMALLOC:
            return 0
        if self.gfp & MEMALLOC or self.who == "reclaimer":
            return NO_WATERMARKS
        return 0 if not self.victim else OOM if self.version >= (4, 14) else NO_WATERMARKS

    def reclaim(self) -> int:
        """try_to_free_pages(): nothing is freed, but to v4.6 there may be hope."""
        self.scanned += 32 if self.stuck else 0
        return int(self.version < (4, 10) and self.stuck > 0 and self.scanned < 6 * self.stuck)

    def out_of_memory(self) -> bool:
        if self.off and self.version >= (4, 4):
            return False
        if self.victim or self.who == "killed":
            self.victim = True
            return True
        needs = FS if self.version >= (4, 14) else FS | NOFAIL
        if self.version >= (4, 10) and not self.gfp & needs:
            return True
        raise Ends("kill")

    def to_3_10(self) -> None:
        reclaimed, restart, flags = 0, True, 0
        while self.goes_on():
            if restart:
                flags = self.flags()
            if restart or self.version >= (3, 10):  # where the label `rebalance` stands
                self.look(flags & ~NO_WATERMARKS)
            restart = False
            if flags & NO_WATERMARKS:
                self.look(NO_WATERMARKS)
                if self.gfp & NOFAIL:
                    raise Ends("loop")
            nofail = self.gfp & NOFAIL
            if not self.gfp & DIRECT or self.who == "reclaimer" or self.victim and not nofail:
                raise Ends("failure")
            progress = self.reclaim()
            if not progress and self.gfp & FS and not self.gfp & NORETRY:
                dumps = self.who == "dumper" and self.version >= (3, 10)
                if self.off or dumps and not nofail:
                    raise Ends("failure")
                self.look(0, HIGH_MARK)
                if nofail or self.order <= 3:
                    self.out_of_memory()
                if not nofail and self.order > 3:
                    raise Ends("failure")
                restart = True
                continue
            reclaimed += progress
            small = self.order <= 3
            insists = small or nofail or self.gfp & REPEAT and reclaimed < 1 << self.order
            if self.gfp & NORETRY or not insists:
                raise Ends("failure")

    def may_oom_to_4_10(self) -> bool:
        self.look(0, HIGH_MARK)
        nofail = self.gfp & NOFAIL
        if not nofail:
            if self.who == "dumper" or self.order > 3:
                return False
            if self.version < (4, 10) and not self.gfp & FS:
                return self.version < (4, 6) or not self.off
        progress = self.out_of_memory() or bool(nofail)
        if nofail and self.version >= (4, 6):
            self.look(NO_WATERMARKS)
        return progress

    def to_4_6(self) -> None:
        reclaimed = 0
        while self.goes_on():
            flags = self.flags()
            self.look(flags & ~NO_WATERMARKS)
            if flags & NO_WATERMARKS:
                self.look(NO_WATERMARKS)
                if self.gfp & NOFAIL and self.version < (4, 6):
                    raise Ends("loop")
            if not self.gfp & DIRECT:
                raise Ends("failure")
            if self.who == "reclaimer":
                if self.gfp & NOFAIL and self.version >= (4, 6):
                    continue
                raise Ends("failure")
            if self.victim and not self.gfp & NOFAIL:
                raise Ends("failure")
            progress = self.reclaim()
            if self.gfp & NORETRY:
                raise Ends("failure")
            reclaimed += progress
            if progress and self.order <= 3 or self.gfp & REPEAT and reclaimed < 1 << self.order:
                continue
            if not self.may_oom_to_4_10():
                raise Ends("failure")

    def should_reclaim_retry(self, flags: int, progress: int) -> bool:
        self.loops = 0 if progress and self.order <= 3 else self.loops + 1
        if self.loops > 16:
            return False
        available = self.stuck
        if self.version < (4, 14):
            available -= -(-self.loops * available // 16)
        return self.free + available - (1 << self.order) + 1 > self.mark(flags & ~NO_WATERMARKS)

    def in_4_10(self) -> None:
        flags = self.flags()
        self.look(flags)
        while self.goes_on():
            flags = self.reserve() or flags
            self.look(flags)
            if not self.gfp & DIRECT:
                raise Ends("failure")
            if self.who == "reclaimer":
                if self.gfp & NOFAIL:
                    continue
                raise Ends("failure")
            if self.victim and not self.gfp & NOFAIL:
                raise Ends("failure")
            progress = self.reclaim()
            if self.gfp & NORETRY or self.order > 3 and not self.gfp & REPEAT:
                raise Ends("failure")
            if self.should_reclaim_retry(flags, progress):
                continue
            if not self.may_oom_to_4_10():
                raise Ends("failure")
            self.loops = 0

    def from_4_14(self) -> None:
        flags = self.flags()
        self.look(flags)
        while self.goes_on():
            flags = self.reserve() or flags
            self.look(flags)
            if self.retries(flags):
                continue
            if not self.gfp & NOFAIL or not self.gfp & DIRECT:
                raise Ends("failure")
            self.look(HALF if self.version >= (6, 12) else HARDER)

    def retries(self, flags: int) -> bool:
        """From the first look of a round to `goto retry`, or to `nopage` (false)."""
        if not self.gfp & DIRECT or self.who == "reclaimer":
            return False
        progress = self.reclaim()
        if self.gfp & NORETRY or self.order > 3 and not self.gfp & REPEAT:
            return False
        if self.should_reclaim_retry(flags, progress):
            return True
        self.look(0, HIGH_MARK)
        made = False
        if not (self.who == "dumper" or self.order > 3 or self.gfp & REPEAT):
            made = self.out_of_memory() or bool(self.gfp & NOFAIL)
            if self.gfp & NOFAIL:
                self.look(NO_WATERMARKS)
        if self.victim and (flags == OOM or self.gfp & NOMEMALLOC):
            return False
        self.loops = 0
        return made

    def goes_on(self) -> bool:
        """Rounds are counted, so that one without end is noticed."""
        self.rounds = getattr(self, "rounds", 0) + 1
        self.victim |= self.who == "marked later" and self.rounds > 300
        if self.rounds > 900:
            raise Ends("loop")
        return True

    def becomes(self) -> str:
        if self.gfp & ATOMIC and self.gfp & DIRECT:  # a warning
            self.gfp &= ~ATOMIC
        paths = {(6, 18): self.from_4_14, (4, 10): self.in_4_10, (4, 6): self.to_4_6}
        paths[3, 10] = self.to_3_10
        path = next(paths[last] for last in sorted(paths) if self.version <= last)
        try:
            self.look(0, LOW)
            path()
        except Ends as end:
            return str(end)
        raise AssertionError("a request has an end")


def mark(task) -> None:
    """mark_oom_victim()"""
    task.memdie, task.kernel.oom_victims = True, 1
    task.signal.oom_mm = task.mm if task.kernel.policy.victim_mark == "process" else None


def model(policy: str, gfp: int, order: int, who: str, free: int, stuck: int, off: bool) -> str:
    kernel = Kernel(PRESETS[policy], 4096, min_kbytes=4 * MIN)
    kernel.spawn("hog", ((hang,),), vmas=heap(1000))
    task = kernel.spawn("task", ((hang,),), vmas=heap(8), adj=-1000)
    zone = kernel.zone
    assert (zone.min, zone.low, zone.high) == (MIN, LOW, HIGH_MARK)
    task.fifo = who == "real-time"
    task.flags |= {"reclaimer": PF_MEMALLOC, "dumper": PF_DUMPCORE}.get(who, 0)
    if who in ("victim", "killed"):
        do_send_sigkill(task)
    if who == "victim":
        mark(task)
    zone.reserved += zone.free - free - stuck
    zone.free, zone.stuck_lru, kernel.oom_killer_disabled = free, stuck, off
    thread = alloc_pages(task, gfp, order)
    for step in range(3000):
        if step == 1500 and who == "marked later":
            do_send_sigkill(task)
            mark(task)
        try:
            next(thread)
        except StopIteration as end:
            return "page" if end.value else "failure"
        if names(kernel, "kill"):
            return "kill"
    return "loop"


def drawn(random: Random) -> tuple:
    """A release, and a request that can be made there and is not left out."""
    policy = random.choice(RELEASES)
    version = tuple(map(int, PRESETS[policy].kernel.split(".")))
    gfp = sum(flag for flag, often in zip(FLAGS, OFTEN, strict=True) if random.random() < often)
    if not (4, 4) <= version < (6, 12):
        gfp &= ~ATOMIC
    if version < (3, 10):
        gfp &= ~MEMALLOC
    who = random.choice(
        ("task", "victim", "marked later", "killed", "reclaimer", "dumper", "real-time")
    )
    free, stuck = (
        random.choice((0, 3, 20, 40, 45, 52, 60, 70, 80, 101, 115)),
        random.choice((0, 320)),
    )
    order, off = random.choice((0, 0, 0, 3, 4)), random.random() < 0.25
    return policy, version, (gfp, order, who, free, stuck, off)


def test_what_becomes_of_a_request_is_what_the_source_says():
    random, seen = Random(4), set()
    for _ in range(examples(1500)):
        policy, version, request = drawn(random)
        said = Request(version, *request).becomes()
        assert (policy, request, model(policy, *request)) == (policy, request, said)
        seen.add((policy, said))
    assert seen == {
        (policy, end) for policy in RELEASES for end in ("page", "failure", "kill", "loop")
    }
