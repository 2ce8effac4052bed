"""Tests that run student code need bubblewrap; where it is missing they say so and skip."""

import pytest

from oomlab.grading.sandbox import bubblewrap


@pytest.fixture(scope="session")
def sandboxed():
    """In CI a skipped test is a failed one."""
    try:
        bubblewrap.require_bubblewrap()
    except bubblewrap.NoSandbox as reason:
        pytest.skip(str(reason))
