"""From what people paste to what the kernel printed: transport and quoting are taken off.

`kernel_lines` reads a log of any size and yields the lines near an OOM report, each without its
prefix (printk stamp, syslog, journald, mail quoting, ...). Nothing here knows what a report means.
"""

import html
import re
from collections.abc import Iterator
from typing import NamedTuple

from .blocks import BLOCK, WORDS, Pause, Source, near_reports
from .envelopes import ENDS, records, unwrapped


class Line(NamedTuple):
    """One line of the log. `bare`: it had no prefix, so it may go on with the line before."""

    number: int
    depth: int  # of mail quoting
    host: str | None
    stamp: float | None  # printk's seconds since boot
    bare: bool
    text: str
    length: int  # characters of the physical line, so that a terminal's width can be seen
    gap: bool = False  # blanks at the end of the physical line were taken off
    head: str = ""  # what stood before the kernel's text; the log's own time is in it


# Where none of these is in a block, none of its lines is odd.
ODD = (
    "\\",
    "#012",
    "&",
    "</",
    "<br",
    "<pre",
    "<span",
    "\r",
    "\n>",
    "\n |",
    "\n >",
    "\n|",
    '"',
    "'\n",
    "{",
)
ANSI = re.compile(r"(?:\x1b|#033|\^\[)(?:\[[0-9;?]{0,20}[A-Za-z]|\([A-Z0])")
QUOTE = re.compile(r"[ \t]{0,8}(?:[>|][ \t]?)+")
ESCAPED = re.compile(r"(?:=[0-9A-F]{2})+")  # bytes of UTF-8 in quoted-printable
NEWLINE = re.compile(r"\r|\\{1,2}(?:r\\{1,2}n|n|x0a)|#012|<br\s{0,2}/?>|\n")
TAG = re.compile(r"</?(?!br\b)(?:[a-z]{1,10}|h[1-6])(?: [^<>]{0,200})?>")
# What a line has that needs more than its prefix taken off, and a message out of a JSON record.
ODD_LINE = re.compile(r"[\\&<#\n\r\"'{}|>]")

# who printed it: [T123] (CONFIG_PRINTK_CALLER), [2:  kswapd0:  123] or (2)[123:kswapd0] of phones
CALLER = (
    r"(?:[ .]{0,2}(?:\[\s{0,8}[TC]\d{1,8}\]"
    r"|(?:\(\d{1,3}\))?\[\s{0,8}\d{1,8}:\s{0,16}[^\[\]:]{1,16}(?::\s{0,8}\d{1,8})?\]))?"
)
LEVEL = r"\s{0,24}(?:<\d{1,3}>)?\s{0,8}"
HOST = re.compile(r"[\w.*-]{1,255}")
PRIORITY = re.compile(  # of syslog, where busybox and OpenWrt print it: no host's name
    r"\w{3,8}\.(?:emerg|panic|alert|crit|err(?:or)?|warn(?:ing)?|notice|info|debug)"
)
KERNEL = re.compile(r"(?<![\w-])kernel(?:\[\d{1,8}\])?(?:: ?| (?:- ){1,4})")
SECONDS = re.compile(
    LEVEL
    + r"\[\s{0,12}(?:\d{1,2}-)?(\+?\d{1,12}\.\d{1,9})(?:\s{0,8}<[\s+\d.]{1,20}>)?\]"
    + CALLER
    + " ?"
)
DATED = re.compile(LEVEL + r"\[[^\[\]]{0,48}\d\d?:\d\d(?::\d\d)?[^\[\]]{0,16}\]" + CALLER + " ?")
RECORD = re.compile(r"\d{1,4},\d{1,12},(\d{1,18}),[^;\s]{1,40};")  # /dev/kmsg, netconsole
FACILITY = re.compile(r"\s{0,8}[a-z0-9]{3,8}\s{0,4}:[a-z]{3,6}\s{0,4}: ?")  # dmesg -x
LOGCAT = re.compile(r"\d\d-\d\d \d\d:\d\d:\d\d\.\d{3,6}(?:\s{1,8}[\w-]{1,16}){2,5}\s{0,16}: ?")
FIELD = re.compile(r"\s{0,8}MESSAGE=")  # journalctl -o verbose, -o export
DATE = re.compile(
    r"(?:<\d{1,3}>)?(?:1 )?(?:"
    r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(?:[.,]\d{1,9})?(?: ?(?:Z|UTC|[+-]\d\d:?\d\d))?"
    r"|[^\s\[\]]{1,12} {1,2}\d{1,2}\.? (?:\d{4} )?\d\d:\d\d:\d\d(?:[.,]\d{1,9})?(?: \d{4})?"
    r"|[^\s\[\]]{1,6} [^\s\[\]]{1,8} {1,2}\d{1,2} \d\d:\d\d:\d\d (?:[A-Z]{2,5} )?\d{4}"
    r")\s{1,8}(?:std(?:out|err) [FP] )?"
)
TAG_ALONE = re.compile(r"\S{1,255} kernel ")  # after a date: an export without the colon
OTHER_DAEMON = re.compile(r"(?!Hardware name)\S{1,80} [\w./@()-]{1,48}(?:\[\d{1,8}\])?: ")


def kernel_lines(source: Source, live: bool = False) -> Iterator[Line | Pause | None]:
    """The kernel's lines near OOM reports; None where lines were left out, PAUSE at a silence."""
    physical = _Physical()
    for first, block in near_reports(source, live):
        if not isinstance(block, str):
            physical.held = "" if block is None else physical.held
            yield block
            continue
        block = _without_controls(block)
        physical.quoted_printable = "=3D" in block or (physical.quoted_printable and "=\n" in block)
        if block[:1] == "{" and not physical.held and (told := records(block)):
            for number, (text, host, time) in enumerate(told, first):
                if ODD_LINE.search(text):
                    yield from _cleaned(number, 0, host, text, len(text), time)
                elif line := _usual(number, host, text, time):
                    yield line
        elif physical.open or block[:1] in ">|' " or any(x in block for x in ODD):
            for number, text in enumerate(block.split("\n"), first):
                yield from physical.line(number, text)
        else:
            for number, text in enumerate(block.split("\n"), first):
                if line := _usual(number, None, text):
                    yield line
    yield from physical.rest()


def _without_controls(block: str) -> str:
    """Colours of a terminal, zeros, marks of a byte order, hard blanks, carriage returns."""
    if "\x1b" in block or "#033" in block or "^[" in block:
        block = ANSI.sub("", block)
    if "\0" in block or "\ufeff" in block or "\xa0" in block:
        block = block.replace("\0", "").replace("\ufeff", "").replace("\xa0", " ")
    return block.replace("\r\n", "\n") if "\r\n" in block else block


class _Physical:
    """Lines of a file one by one; one may go on with the next, by `=` or `\\` at its end."""

    def __init__(self) -> None:
        self.quoted_printable = False
        self.held = ""
        self.number = 0

    @property
    def open(self) -> bool:
        return self.quoted_printable or bool(self.held)

    def line(self, number: int, text: str) -> Iterator[Line]:
        self.number = number
        length = len(text)
        if not (self.open or length < 9 or ODD_LINE.search(text)):
            if line := _usual(number, None, text):
                yield line
            return
        whole = text.rstrip()
        if self.quoted_printable:
            if whole.endswith("=") and len(self.held) < BLOCK:
                self.held += whole[:-1]
                return
            text, self.held = self.held + whole, ""
            if "=3D" in text or "=2E" in text or "=C2" in text or text.endswith("=20"):
                text = ESCAPED.sub(_characters, text).replace("\xa0", " ").rstrip()
        elif self.held:
            text, self.held = self.held + whole.lstrip(), ""
        if whole.endswith("\\") and len(text) < BLOCK:
            text = text.rstrip()[:-1]
            if not text.endswith("\\n"):
                self.held = text
                return
        yield from _clean(number, text, length)

    def rest(self) -> Iterator[Line]:
        """What was to go on when the file ended."""
        if self.held:
            yield from _clean(self.number, self.held, len(self.held))


def _characters(escaped: re.Match) -> str:
    return bytes.fromhex(escaped[0].replace("=", "")).decode("utf-8", "replace")


def _usual(number: int, host: str | None, text: str, head: str = "") -> Line | None:
    """A line without quotes and envelope: nearly all of a long log, so the usual prefixes first."""
    length = len(text)
    name = host
    at = text.find(" kernel: [")
    if at > 0:
        name = text[text.rfind(" ", 0, at) + 1 : at]
        head = head or text[:at]
        if "." in name and PRIORITY.fullmatch(name):
            name = _host_in(head) or host or ""
        at = 0 if '"' in name or ":" in name else at + 10
        name = name or None
    else:
        at = text[:1] == "["
    end = text.find("] ", at)
    if at and end > 0 and text.find(".", at, end) > 0:
        try:
            stamp = float(text[at:end])
            rest = text[end + 2 :].rstrip()
            plain = name is not host or " kernel: " not in rest
            if plain and rest[:2] not in (" [", " (") and rest[:1] != "(":  # else who printed it
                gap = end + 2 + len(rest) < length
                return tuple.__new__(Line, (number, 0, name, stamp, False, rest, length, gap, head))
        except ValueError:
            pass
    return _without_prefix(number, 0, host, text, length, head)


def _clean(number: int, text: str, length: int) -> Iterator[Line]:
    """One physical line: its quotes and its envelope off."""
    host = None
    time = ""
    depth = 0
    if text[:5] == "data:":  # of a stream of events
        text = text[5:].lstrip()
    if text[:1] in "> |\t":
        quote = QUOTE.match(text)
        if quote:
            depth = quote[0].count(">") + quote[0].count("|")
            text = text[quote.end() :]
            if "|" in quote[0]:  # perhaps a row of a table in a mail
                text = text.rstrip().removesuffix("|")
    start = text.lstrip()[:1]
    if start and (start in "{\"'}]" or "[{" in text[:8] or text == "["):
        text, host, time = unwrapped(text.strip())
    elif (literal := text.rstrip(ENDS))[-1:] in ("'", '"') and literal.count(literal[-1]) % 2 == 0:
        text = literal[:-1]  # the opening quote is part of the prefix
    yield from _cleaned(number, depth, host, text, length, time)


def _cleaned(
    number: int, depth: int, host: str | None, text: str, length: int, time: str = ""
) -> Iterator[Line]:
    """What HTML and escapes hide; cut where it holds several kernel lines."""
    if "</" in text or "<pre" in text or "<span" in text:
        text = TAG.sub("", text)
    if "&" in text and ";" in text:
        text = html.unescape(text)
        quote = QUOTE.match(text)
        if quote and ">" in quote[0]:
            depth += quote[0].count(">")
            text = text[quote.end() :]
    if "\\" in text or "#012" in text or "\n" in text or "\r" in text or "<br" in text:
        text = text.replace("\\t", " ").replace("\\u003c", "<").replace("\\u003e", ">")
        pieces = NEWLINE.split(text)
        last = len(pieces) - 1
        for i, piece in enumerate(pieces):
            if piece or not i:
                line = _without_prefix(number, depth, host, piece, length if i == last else 0, time)
                if line is not None:
                    host = line.host or host
                    yield line
        return
    line = _without_prefix(number, depth, host, text, length, time)
    if line is not None:
        yield line


def _without_prefix(
    number: int, depth: int, host: str | None, text: str, length: int, time: str = ""
) -> Line | None:
    """The kernel's own text, whose host and when; None if another program printed the line."""
    whole = len(text)
    text = text.rstrip()
    gap = len(text) < (whole or length)

    def told(stamp: float | None, text: str, before: str) -> Line:
        return Line(number, depth, host, stamp, False, text, length, gap, time or before)

    head, text = _before_a_tag(text)
    tag = _kernel_tag(text)
    if tag:
        head = text[: tag.end() if tag.re is TAG_ALONE else tag.start()]
        host = _host_in(head.removesuffix(" kernel ")) or host
        text = text[tag.end() :]
    bare = not (head or tag)
    seconds = SECONDS.match(text) or (SECONDS.search(text, 0, 120) if bare else SECONDS.match(head))
    stamp = None
    if seconds:
        if bare:
            head = text[: seconds.start()]
            host = host or (_host_in(head, 0) if DATE.match(head) else None)
        if seconds.string is text:
            text = text[seconds.end() :]
        stamp = None if seconds[1][0] == "+" else float(seconds[1])
    if seconds or not bare:
        return told(stamp, text, head)
    if ":" in text or ";" in text:
        record = RECORD.match(text)
        if record:
            return told(int(record[1]) / 1e6, text[record.end() :], "")
        dated = DATE.match(text)
        if dated:
            text = text[dated.end() :]
            daemon = OTHER_DAEMON.match(text)
            if daemon:
                if not any(word in text for word in WORDS):
                    return None
                host, text = _host_in(dated[0] + text, 0), text[daemon.end() :]
            return told(None, text, dated[0])
    return Line(number, depth, host, None, True, text, length, gap, time)


def _before_a_tag(text: str) -> tuple[str, str]:
    """A journal's field, a facility, a phone's or a dated stamp: (what stood there, the rest)."""
    head = ""
    if text[:1] == "[" or text[2:3] == "-" or " :" in text[:16] or "MESSAGE=" in text[:16]:
        for prefix in (FIELD, FACILITY, LOGCAT, DATED):
            found = prefix.match(text)
            if found:
                head, text = found[0], text[found.end() :]
    return head, text


def _kernel_tag(text: str) -> re.Match | None:
    """The word `kernel:` of syslog and journald, or `kernel` alone behind a date and a host."""
    at = text.find("kernel")
    if at < 0:
        return None
    tag = KERNEL.match(text, at) or KERNEL.search(text, at, 200)
    if tag is None and (dated := DATE.match(text)):
        tag = TAG_ALONE.match(text, dated.end())
    return tag


def _host_in(head: str, at: int = -1) -> str | None:
    """The host's name in what stands before the kernel's text: the last word behind the date (or
    `at` 0 the first), if it may be a name, and is no priority."""
    dated = DATE.match(head)
    words = head[dated.end() :].split() if dated else head.split()[1:]
    words = [word for word in words if not PRIORITY.fullmatch(word)]
    return words[at] if words and HOST.fullmatch(words[at]) else None
