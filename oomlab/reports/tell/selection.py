"""Which reports are asked for: since when, and who was killed."""

import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from fnmatch import fnmatchcase

from ..read.report import Report
from ..read.when import instant

UNITS = {"m": "minutes", "h": "hours", "d": "days", "w": "weeks"}


@dataclass(frozen=True)
class Selection:
    """None: of any time, or of any name."""

    since: datetime | None
    killed: str | None

    def takes(self, report: Report) -> bool:
        """A report without a time cannot be shown to be later, so it is left out."""
        if self.killed is not None:
            names = [kill.name for kill in report.kills]
            names += [report.victim.name] if report.victim else []
            if not any(fnmatchcase(name, self.killed) for name in names):
                return False
        if self.since is None:
            return True
        when = instant(report.time, now())
        return when is not None and when >= self.since


def now() -> datetime:
    """The time in UTC without a zone, as `instant` makes of a time that has one."""
    return datetime.now(UTC).replace(tzinfo=None)


def selection(since: str | None, killed: str | None) -> Selection:
    """ValueError with a sentence if `since` is no time."""
    if since is None:
        return Selection(None, killed)
    ago = re.fullmatch(r"(\d{1,5}) ?([mhdw])", since.strip())
    if ago:
        return Selection(now() - timedelta(**{UNITS[ago[2]]: int(ago[1])}), killed)
    try:
        when = datetime.fromisoformat(since.strip())
    except ValueError:
        raise ValueError(
            f"--since takes a time such as 2026-11-26, `2026-11-26 19:00` or 12h, not {since!r}"
        ) from None
    offset = when.utcoffset() or timedelta()
    return Selection(when.replace(tzinfo=None) - offset, killed)
