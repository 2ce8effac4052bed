"""The model keeps the contract: each class of request, in each version, without memory."""

from pathlib import Path

import pytest

from oomlab.gfp_contract import REQUESTS, VERSIONS, Terms, contract, page
from oomlab.model.kernel import Kernel
from oomlab.model.memory import alloc_pages, gfp_to_alloc_flags, wmark
from oomlab.model.mm import ANON, VMA
from oomlab.model.tasks import PF_MEMALLOC, do_send_sigkill
from oomlab.policies.presets import PRESETS
from oomlab.scenarios.programs import hang

LEFT = 20  # pages, below every mark


def asked(request, version: str) -> Terms:
    """What the model does with this request when 20 pages are left and the hog cannot die."""
    kernel = Kernel(PRESETS[f"linux-{version}"], 4096, min_kbytes=400)
    kernel.spawn("hog", ((hang,),), vmas=[VMA("heap", ANON, 1000)])
    task = kernel.spawn("task", ((hang,),), vmas=[VMA("heap", ANON, 8)], adj=-1000)
    zone = kernel.zone
    assert zone.min == 100
    if request.who == "victim":
        do_send_sigkill(task)
        task.memdie, kernel.oom_victims = True, 1
        task.signal.oom_mm = task.mm if kernel.policy.victim_mark == "process" else None
    task.flags |= PF_MEMALLOC if request.who == "reclaimer" else 0
    mark = max(wmark(zone, gfp_to_alloc_flags(task, request.gfp)), 0)
    zone.stuck_lru = zone.free - LEFT  # something to look at, nothing to free
    zone.free = LEFT if mark else 0
    got, verbs = None, set()
    thread = alloc_pages(task, request.gfp, request.order)
    for _ in range(4000):
        try:
            verbs.add(next(thread)[0])
        except StopIteration as end:
            got = bool(end.value)
            break
    kills = any(event["event"] == "kill" for event in kernel.events)
    return Terms(mark, "reclaim from" in verbs, kills, got is False, got is True)


CELLS = [(request, version) for request in REQUESTS for version in VERSIONS]


@pytest.mark.parametrize(
    "request_class, version", CELLS, ids=[f"{r.name}-{version}" for r, version in CELLS]
)
def test_a_cell_of_the_contract(request_class, version):
    assert asked(request_class, version) == contract(request_class.name, version)


def test_the_page_says_what_the_table_says():
    """Written by: python -m oomlab.gfp_contract > docs/gfp-contract.md"""
    path = Path(__file__).parents[1] / "docs" / "gfp-contract.md"
    assert path.read_text("utf-8") == page()


def test_versions_are_the_presets():
    releases = [p.kernel for name, p in PRESETS.items() if name.startswith("linux-")]
    assert list(VERSIONS) == releases
    with pytest.raises(ValueError, match="no request"):
        contract("GFP_SOMETHING", "4.4")
