"""Highmem: which requests it may serve, and so what is lowmem.

`K x.y function` names the release that was read. A test is called after its question.
"""

import pytest

import oomlab


@pytest.mark.parametrize("version", ["3.10", "4.4", "6.1", "6.12"])
def test_is_movable_memory_highmem_on_a_machine_that_has_highmem(version):
    """K is_highmem_idx, zone_movable_is_highmem: yes, so it takes no part in lowmem_pages."""
    zones = {"DMA": 15992, "Normal": 839680, "HighMem": 1048576}
    without = oomlab.watermarks(zones, kernel=version, khugepaged=False)
    marks = oomlab.watermarks({**zones, "Movable": 1048576}, kernel=version, khugepaged=False)
    assert marks.zones["Normal"] == without.zones["Normal"]
    assert marks.zones["Movable"][0] == 4 * 128
