"""The ways in which a kernel log reaches a reader: each turns a plain dmesg into another text.

A style is a function from dmesg lines (`[    2.974597] text`) to the text that a person pastes. All
lose nothing, so that a reader must find the same report in each of them.
"""

import json
import quopri
import re
import textwrap

STAMP = re.compile(r"\[\s*(\d+)\.(\d+)\] ")


def bare(line: str) -> str:
    return STAMP.sub("", line, count=1)


def mapped(function):
    return lambda lines: "\n".join(map(function, lines)) + "\n"


def wrapped(lines: list[str], width: int = 74) -> list[str]:
    """As a mailer does it: at blanks, and what is longer than a line stays long."""
    out = []
    for line in lines:
        out += textwrap.wrap(
            line, width, break_long_words=False, break_on_hyphens=False, drop_whitespace=True
        ) or [""]
    return out


def hard_wrapped(lines: list[str], width: int = 80) -> list[str]:
    """As a terminal does it: in the middle of a word, wherever the line ends."""
    return [line[i : i + width] for line in lines for i in range(0, len(line), width)]


def quoted_printable(lines: list[str]) -> str:
    return quopri.encodestring(("\n".join(lines) + "\n").encode()).decode()


def docker(line: str) -> str:
    return json.dumps({"log": line + "\n", "stream": "stdout", "time": "2024-05-09T14:52:38.1Z"})


def journal(line: str) -> str:
    return json.dumps({"_HOSTNAME": "box", "SYSLOG_IDENTIFIER": "kernel", "MESSAGE": bare(line)})


def journal_bytes(line: str) -> str:
    """journald prints a message that is not clean UTF-8 as a list of bytes."""
    return json.dumps({"MESSAGE": list(bare(line).encode()), "_HOSTNAME": "box"})


def kmsg(line: str) -> str:
    found = STAMP.match(line)
    seconds, micros = found.groups()
    return f"4,123,{int(seconds) * 1000000 + int(micros)},-;{line[found.end() :]}"


def phone(line: str) -> str:
    """Kernels of phones print CPU, name and pid of who prints."""
    return line.replace("] ", "]  [2:        kswapd0:  155] ", 1)


def json_over_lines(lines: list[str]) -> str:
    """One record over several lines, as `journalctl -o json-pretty` and many consoles show it."""
    records = [{"PRIORITY": "4", "MESSAGE": bare(line), "_HOSTNAME": "box"} for line in lines]
    return json.dumps(records, indent=4)


def table_of_html(line: str) -> str:
    escaped = line.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    return f'<tr><td class="number">12</td><td>{escaped}</td></tr>'


def c_literal(lines: list[str]) -> str:
    """A string of a program, one line a line, the newline escaped and the line continued."""
    return "".join(f"    {line}\\n\\\n" for line in lines)


def go_strings(line: str) -> str:
    return '\t\t\t"' + bare(line).replace('"', '\\"') + '",'


STYLES = {
    "dmesg": mapped(str),
    "dmesg -t": mapped(bare),
    "dmesg -T": mapped(lambda s: "[Thu May  9 14:52:38 2024] " + bare(s)),
    "dmesg -T, German": mapped(lambda s: "[Do Mai  9 14:52:38 2024] " + bare(s)),
    "dmesg -T, Chinese": mapped(lambda s: "[四 5月  9 14:52:38 2024] " + bare(s)),
    "dmesg -T, Russian": mapped(lambda s: "[Чт мая  9 14:52:38 2024] " + bare(s)),
    "dmesg -x": mapped(lambda s: "kern  :warn  : " + s),
    "dmesg iso": mapped(lambda s: "2024-05-09T14:52:38,123456+02:00 " + bare(s)),
    "dmesg -H": mapped(lambda s: "[  +0.000012] " + bare(s)),
    "printk level": mapped(lambda s: "<4>" + s),
    "caller": mapped(lambda s: s.replace("] ", "][ T6736] ", 1)),
    "caller of a phone": mapped(phone),
    "caller of another phone": mapped(lambda s: s.replace("] ", "]  (2)[155:kswapd0]", 1)),
    "logcat": mapped(lambda s: "05-09 14:52:38.123  root     0     0 W kernel  : " + bare(s)),
    "kmsg": mapped(kmsg),
    "syslog": mapped(lambda s: "May  9 14:52:38 box kernel: " + bare(s)),
    "syslog and stamp": mapped(lambda s: "May  9 14:52:38 box kernel: " + s),
    "syslog with year": mapped(lambda s: "May  9 2024 14:52:38 box kernel: " + s),
    "iso syslog": mapped(lambda s: "2024-05-09T14:52:38.123456+02:00 box kernel: " + s),
    "rfc5424": mapped(lambda s: "<4>1 2024-05-09T14:52:38.1Z box kernel - - - " + s),
    "busybox": mapped(lambda s: "May  9 14:52:38 box kern.warn kernel: " + s),
    "openwrt": mapped(lambda s: "Thu May  9 14:52:38 2024 kern.warn kernel: " + s),
    "journal short-monotonic": mapped(lambda s: s[: s.index("]") + 1] + " box kernel: " + bare(s)),
    "docker": mapped(docker),
    "journal json": mapped(journal),
    "journal verbose": mapped(lambda s: "    PRIORITY=4\n    MESSAGE=" + bare(s)),
    "json over lines": json_over_lines,
    "json in an array": lambda lines: json.dumps([{"message": s} for s in lines]),
    "json in json": mapped(lambda s: json.dumps({"jsonPayload": {"MESSAGE": bare(s)}})),
    "csv": mapped(lambda s: '"2024-05-09 14:52:38","box","kernel: ' + s + '"'),
    "grep": mapped(lambda s: "/var/log/kern.log.1:May  9 14:52:38 box kernel: " + s),
    "line numbers": mapped(lambda s: "  1234\t" + s),
    "no-break spaces": mapped(lambda s: s.replace(" ", "\xa0")),
    "kubernetes": mapped(lambda s: "2024-05-09T14:52:38.1Z stdout F " + s),
    "compose": mapped(lambda s: "node_1  | " + s),
    "crlf": lambda lines: "\r\n".join(lines) + "\r\n",
    "serial console": lambda lines: "\r\r\n".join(lines),
    "ansi colours": mapped(lambda s: "\x1b[32m" + s.replace("] ", "]\x1b[0m ", 1) + "\x1b[0m"),
    "bold as text": mapped(lambda s: "#033[1m" + s + "#033[0m"),
    "mail": mapped(lambda s: "> " + s),
    "mail twice": mapped(lambda s: "> > " + s),
    "mail, tight": mapped(lambda s: ">>" + s),
    "wrapped": lambda lines: "\n".join(wrapped(lines)),
    "wrapped, no stamps": lambda lines: "\n".join(wrapped([bare(s) for s in lines])),
    "wrapped mail": lambda lines: "\n".join("> " + s for s in wrapped(lines)),
    "quoted-printable": quoted_printable,
    "quoted-printable mail": lambda lines: quoted_printable(["> > " + s for s in wrapped(lines)]),
    "hard-wrapped": lambda lines: "\n".join(hard_wrapped(lines)),
    "hard-wrapped at 132": lambda lines: "\n".join(hard_wrapped(lines, 132)),
    "c literal": c_literal,
    "go strings": mapped(go_strings),
    "assigned": mapped(lambda s: 'const line = "' + s.replace('"', '\\"') + '";'),
    "list of yaml": mapped(lambda s: '  - "' + s + '"'),
    "one json string": lambda lines: json.dumps({"log": "\n".join(lines)}),
    "escaped in one line": lambda lines: "\\n".join(lines),
    "html": lambda lines: (
        "<pre>"
        + "\n".join(lines)
        .replace("&", "&amp;")
        .replace("<", "&lt;")
        .replace(">", "&gt;")
        .replace('"', "&quot;")
        + "</pre>"
    ),
    "html table": mapped(table_of_html),
    "html mail": mapped(lambda s: "&gt; " + s.replace("<", "&lt;") + "<br>"),
    "table": mapped(lambda s: "| " + s + " |"),
    "br": lambda lines: "<br>".join(lines),
    "messages dropped": mapped(lambda s: "** 3 printk messages dropped ** " + s),
    "indented": mapped(lambda s: "      " + s),
    "blank lines": lambda lines: "\n\n".join(lines),
    "multi-line records": lambda lines: "\n".join(lines).replace("\\x0a", "\n"),
    "rsyslog": lambda lines: "\n".join("May  9 14:52:38 box kernel: " + s for s in lines).replace(
        "\\x0a", "#012"
    ),
    "old mac": lambda lines: "\r".join(lines),
}
