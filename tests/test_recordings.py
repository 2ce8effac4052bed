"""Agreement with recorded kernels: victims in order, panic, and what the reaper left."""

from pathlib import Path

import pytest

from oomlab.reports.fidelity import agreement, compare
from oomlab.reports.recorded import read_record

SHIPPED = Path(__file__).parents[1] / "notebooks" / "recordings"
SHARED = Path(__file__).parents[2] / "shared" / "kernel-runs"


@pytest.mark.parametrize("path", sorted(SHIPPED.glob("*.json.gz")), ids=lambda p: p.name[:-8])
def test_a_shipped_recording(path):
    comparison = compare(path)
    assert comparison.agrees or comparison.irreducible, comparison


def test_every_kernel_is_shipped():
    kernels = {read_record(path)["kernel"]["tag"] for path in SHIPPED.glob("*.json.gz")}
    assert kernels == {"2.6.38", "4.10.7", "6.1", "6.12"}


@pytest.mark.skipif(not SHARED.is_dir(), reason="the 489 recordings are not beside the project")
def test_all_recordings():
    runs = [compare(path) for path in sorted(SHARED.glob("*.json.gz"))]
    numbers = agreement(runs)
    for kernel, n in numbers["by_kernel"].items():
        assert n["agree"] >= 0.98 * n["runs"], (kernel, n)
    assert numbers["irreducible"] <= 0.08 * len(runs)
    stuck = [c for c in runs if "left" in c.expected]
    assert stuck and all(c.expected["left"] == c.got["left"] for c in stuck)


def test_what_is_no_recording_is_said_so(tmp_path):
    broken = tmp_path / "x.json.gz"
    broken.write_bytes(b"not gzip")
    with pytest.raises(ValueError, match="not a recorded run"):
        compare(broken)
