"""When a report was written, by the log around it: `moment` reads a line's head.

Syslog names no year. What is read is then written without one, and nothing is made up.
"""

import re
from datetime import UTC, datetime, timedelta

MONTHS = ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"]
ISO = re.compile(
    r"(\d{4}-\d\d-\d\d)[T ](\d\d:\d\d:\d\d)(?:[.,](\d{1,9}))?\s?(Z|UTC|[+-]\d\d:?\d\d)?"
)
SYSLOG = re.compile(
    r"([A-Z][a-z]{2,8})\.? {1,2}(\d{1,2}) (?:(\d{4}) )?(\d\d:\d\d:\d\d)(?:[.,]\d{1,9})?"
    r"(?: (?:[A-Z]{2,5} )?(\d{4}))?"
)
EPOCH = re.compile(r"1\d{9}(?:\.\d+|\d{3}|\d{6}|\d{9})?")


def moment(head: str) -> str | None:
    """The time in `Nov 26 19:26:59 host`, `2026-11-26T19:26:59.1Z`, `1795722419` and the like."""
    if not head:
        return None
    iso = ISO.search(head)
    if iso:
        zone = (iso[4] or "").replace("UTC", "Z")
        return f"{iso[1]}T{iso[2]}{zone}"
    found = SYSLOG.search(head)
    if found and found[1][:3].lower() in MONTHS and 1 <= int(found[2]) <= 31:
        month = MONTHS.index(found[1][:3].lower()) + 1
        year = found[3] or found[5]
        if year:
            return f"{year}-{month:02}-{int(found[2]):02}T{found[4]}"
        return f"{found[1][:3]} {int(found[2]):2} {found[4]}"
    epoch = EPOCH.fullmatch(head.strip())
    if epoch:
        seconds = int(head.strip()[:10])
        return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    return None


def instant(time: str | None, latest: datetime) -> datetime | None:
    """A moment as a datetime that can be compared; one without a year is the last before `latest`.

    A time without a zone is taken as it stands; `latest` has none either.
    """
    if not time:
        return None
    try:
        if time[:4].isdecimal():
            when = datetime.fromisoformat(time)
            offset = when.utcoffset()
            return when.replace(tzinfo=None) - (offset or timedelta())
        when = datetime.strptime(f"{latest.year} {time}", "%Y %b %d %H:%M:%S")
        if when > latest + timedelta(days=1):
            when = when.replace(year=latest.year - 1)
        return when
    except ValueError:  # February 30, or hour 25
        return None
