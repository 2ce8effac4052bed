"""A run as JSON, and back: its origin, and all that it did, for comparison.

A loaded run is made again from its origin, never from what the text claims: what a file says and
this oomlab does not do is refused, step by step.
"""

import json
from dataclasses import dataclass

from .origin import Origin
from .schedule import reason

SCHEMA = "oomlab-trace/1"


@dataclass(frozen=True)
class Recording:
    """What a text holds."""

    source: str
    origin: Origin
    found: dict

    def check(self, now: dict) -> None:
        """ValueError for the first difference between what was recorded and what happens now."""
        then = f"when oomlab {self.origin.version} wrote it"
        was, steps = self.found.get("steps"), now["steps"]
        if was != steps:
            rows = was if isinstance(was, list) else []
            pairs = enumerate(zip(rows, steps, strict=False), start=1)
            number = next((n for n, (old, new) in pairs if old != new), None)
            if number is None:
                raise ValueError(
                    f"{self.source} holds {len(rows)} steps, and its run has {len(steps)} now"
                )
            raise ValueError(f"step {number} of {self.source} was another {then}")
        for name in now:
            if name not in ("schema", "origin") and self.found.get(name) != now[name]:
                version = self.origin.version
                raise ValueError(
                    f"the {name} in {self.source} and in its run differ; oomlab {version} wrote it"
                )


def read_recording(text: str, source: str) -> Recording:
    """What a trace, or a page for Perfetto with a trace in it, says. ValueError for other text."""
    try:
        found = json.loads(text)
        found = found.get("oomlab", found)  # Perfetto's file has it under this name
        if found.get("schema") != SCHEMA:
            raise ValueError(f"its schema is not {SCHEMA}")
        return Recording(source, Origin.from_dict(found.get("origin")), found)
    except (TypeError, AttributeError, ValueError, RecursionError) as wrong:
        raise ValueError(f"{source} is not a run that oomlab saved: {reason(wrong)}") from None
