"""`explain` beside one pass of grep over the same text, as whole processes.

grep only finds the lines; explain reads every report and judges it. So grep is what it costs to
read the text at all, and the ratio is the price of an answer. Two texts: a log that is all reports,
and one in which they are rare, as in /var/log.
"""

import shutil
import sys
import tempfile
from pathlib import Path
from statistics import median

from measure import ROOT, process, table

PATTERN = "invoked oom-killer|Out of memory|Memory cgroup out of memory|Mem-Info"
REPORTS = ("4.10.7-reaped.txt", "6.1-global.txt", "6.12-memcg.txt", "6.12-reaped.txt")
OTHER = "Nov 27 15:30:05 host systemd[1]: Started session 4711 of user alice.\n"
GOALS = {"all reports": "400", "reports are rare": "60"}


def texts() -> dict[str, str]:
    """Two logs of about 4 MB and 20 MB."""
    folder = ROOT / "tests" / "data" / "reports"
    some = "".join((folder / name).read_text("utf-8") for name in REPORTS)
    return {
        "all reports": some * (4_000_000 // len(some)),
        "reports are rare": (some + OTHER * 50_000) * (20_000_000 // (len(OTHER) * 50_000)),
    }


def main(repeat: int = 3) -> None:
    """Print CPU seconds, megabytes a second, and how much longer explain takes."""
    if not shutil.which("grep"):
        print("\ngrep is not installed: explain was timed beside nothing.")
        return
    rows = []
    for name, text in texts().items():
        with tempfile.TemporaryDirectory() as folder:
            log = Path(folder) / "kern.log"
            log.write_text(text, "utf-8")
            explain = [sys.executable, "-m", "oomlab", "explain", str(log), "--summary"]
            commands = {"grep -cE": ["grep", "-cE", PATTERN, str(log)], "oomlab explain": explain}
            runs = [{who: process(c)[0] for who, c in commands.items()} for _ in range(repeat)]
        megabytes = len(text) / 1e6
        ratio = median(run["oomlab explain"] / max(run["grep -cE"], 0.001) for run in runs)
        for who in commands:
            seconds = median(run[who] for run in runs)
            last = ["", ""] if who != "oomlab explain" else [f"{ratio:.0f}", GOALS[name]]
            rows.append([name, who, f"{seconds:.2f} s", f"{megabytes / seconds:.1f} MB/s", *last])
    head = ["text", "", "CPU", "rate", "x grep", "goal: at most"]
    table("explain beside a plain pass over the same text", head, rows)


if __name__ == "__main__":
    main()
