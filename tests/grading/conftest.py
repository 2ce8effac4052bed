"""Tests that run student code need bubblewrap; where it is missing they say so and skip."""

import pytest

from oomlab.grading import sandbox


@pytest.fixture(scope="session")
def sandboxed():
    """In CI a skipped test is a failed one."""
    try:
        sandbox.require_bubblewrap()
    except sandbox.NoSandbox as reason:
        pytest.skip(str(reason))
