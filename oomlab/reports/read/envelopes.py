"""JSON and string literals around a kernel message: docker, journald, CloudWatch, a test's source.

A log in JSON has one record a line, of which the message and the host's name are of interest. A
line that was cut, or that is one field of a record over several lines, is no JSON: then the field
is looked for by its name.
"""

import json
import re

KEYS = ("log", "MESSAGE", "message", "msg", "textPayload", "@message", "_raw", "text", "line")
HOSTS = ("_HOSTNAME", "hostname", "host", "node", "nodeName", "syslogHost")
SOME_HOST = frozenset(HOSTS)
TIMES = (
    "_SOURCE_REALTIME_TIMESTAMP",
    "__REALTIME_TIMESTAMP",
    "time",
    "@timestamp",
    "timestamp",
    "ts",
)
MESSAGE = re.compile(
    r'"(?:log|message|MESSAGE|msg|_raw|textPayload|@message)"\s{0,4}:\s{0,4}"((?:[^"\\]|\\.)*)'
)
OTHER_FIELD = re.compile(r'"[\w.@/-]{1,64}"\s{0,4}:\s{0,4}["\d\[{tfn-]')
ENDS = "+;,) "  # what stands after a string literal in a program


Told = tuple[str, str | None, str]  # a message, its host, its time


def records(block: str) -> list[Told] | None:
    """Message, host and time of every line, if all of them are JSON records with a message."""
    try:
        found = json.loads(f"[{block.replace(chr(10), ',')}]")
    except (ValueError, RecursionError):
        return None
    if len(found) != block.count("\n") + 1:
        return None
    told = [told_by(record) for record in found if isinstance(record, dict)]
    known = [each for each in told if each is not None]
    return known if len(known) == len(found) else None


def told_by(record: dict) -> Told | None:
    """The message of a record, or of a record within it (`jsonPayload`), and who sent it."""
    message = _message_of(record)
    if not message:
        for inner in record.values():
            if isinstance(inner, dict) and (found := _message_of(inner)):
                return found, _host(inner) or _host(record), _time(inner) or _time(record)
    return None if message is None else (message, _host(record), _time(record))


def _message_of(fields: dict) -> str | None:
    """The first message that is not empty; "" if all are; None if there is none."""
    empty = None
    for key in KEYS:
        if key in fields:
            message = _text(fields[key])
            if message:
                return message
            empty = message if empty is None else empty
    return empty


def unwrapped(text: str) -> Told:
    """Message, host and time of one line that begins with a bracket or a quote."""
    if not text.strip("[]{}, "):
        return "", None, ""
    if text[0] == "{":
        try:
            told = told_by(json.loads(text))
        except (ValueError, RecursionError):
            told = None
        if told:
            return told
    fields = MESSAGE.findall(text)
    if fields:
        return "\\n".join(fields).replace('\\"', '"'), None, ""
    if text[0] in "\"'" and not OTHER_FIELD.match(text):
        inner = text[1:].rstrip(ENDS)
        return inner.removesuffix(text[0]), None, ""
    return ("" if text[0] == '"' else text), None, ""


def _host(fields: dict) -> str | None:
    if SOME_HOST.isdisjoint(fields):
        return None
    name = next(fields[key] for key in HOSTS if key in fields)
    return name if isinstance(name, str) else None


def _time(fields: dict) -> str:
    """When the record was made, as text; journald counts microseconds since 1970."""
    value = next((fields[key] for key in TIMES if key in fields), "")
    return f"{value}"[:40] if isinstance(value, str | int | float) else ""


def _text(value: object) -> str | None:
    """A message of a JSON log; journald prints odd bytes as a list of numbers."""
    if isinstance(value, list):
        odd = bytes(b for b in value if type(b) is int and 0 <= b < 256)
        value = odd.decode("utf-8", "replace")
    return value.rstrip("\n") if isinstance(value, str) else None
