"""How many examples a test draws: as many as it says, or more in `make fuzz`."""

import os

TIMES = int(os.environ.get("OOMLAB_FUZZ") or 1)


def examples(usual: int) -> int:
    """OOMLAB_FUZZ times the usual number."""
    return usual * TIMES
