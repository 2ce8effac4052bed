"""What the recorder's guest said, taken apart: pieces of init.c, /proc files, OOM reports.

Pure functions of text, so they are tested without a guest. None of them uses oomlab's own parser
of OOM reports: what measures the model must not share its mistakes. Pages and kB as the kernel
printed them, times in microseconds.
"""

import re

CGROUP_ROOT = "/sys/fs/cgroup"
STATUS = re.compile(r"Name|State|Tgid|Pid|PPid|Uid|Threads|Vm\w+|Rss\w+|HugetlbPages")


def read_guest(data: str) -> dict:
    """The pieces init.c sends, by kind: see the top of init.c. One that may be cut is left out."""
    guest = {
        "events": [],
        "refused": [],
        "tasks": {},
        "files": {},
        "survivors": [],
        "log": "",
        "end": False,
    }
    pieces = data.split("\x1e")[1:]
    for piece in pieces if pieces[-1:] == ["end\n"] else pieces[:-1]:
        head, _, content = piece.partition("\n")
        kind, _, rest = head.partition(" ")
        if kind == "event":
            time_us, result, command = rest.split(" ", 2)
            if result != "0" or command.split()[0] not in ("task", "procs", "cat"):
                guest["events"].append([int(time_us), f"{command.strip()} -> {result}"])
            if result != "0" and command.split()[0] in ("write", "mkdir", "loglevel"):
                guest["refused"].append(f"{command.strip()}: errno {result}")
        elif kind == "task":
            section, name, *numbers = rest.split()
            task = dict(zip(("pid", "state", "grown_kb", "err"), map(int, numbers), strict=True))
            guest["tasks"].setdefault(section, []).append({"id": name, **task})
        elif kind == "file":
            section, path = rest.split()
            guest["files"].setdefault(section, {})[path] = content
        elif kind == "survivor":
            guest["survivors"].append(rest)
        elif kind == "log":
            guest["log"] = re.sub(r"^<\d+>", "", content, flags=re.M)  # how urgent each line is
        elif kind == "end":
            guest["end"] = True
    return guest


def numbers_of(text: str) -> dict:
    """`Name: 12 kB` or `name 12` a line; the first number, or else the text."""
    pairs = (re.split(r":?\s+", line.strip(), maxsplit=1) for line in text.splitlines())
    return {key: number(value) for key, value in (p for p in pairs if len(p) == 2)}


def number(text: str) -> int | str:
    found = re.match(r"-?\d+(?= kB$|\s|$)", text)
    return int(found[0]) if found else text


def zones_of(zoneinfo: str) -> list[dict]:
    """The zones that have memory, in pages."""
    zones = []
    for block in re.split(r"^(?=Node)", zoneinfo, flags=re.M)[1:]:
        node, name = re.match(r"Node (\d+), zone\s+(\w+)", block).groups()
        words = ("free", "boost", "min", "low", "high", "spanned", "present", "managed")
        found = {w: re.search(rf"^\s+(?:pages )?{w}\s+(\d+)$", block, re.M) for w in words}
        zone = {"node": int(node), "zone": name}
        zone |= {w: int(m[1]) for w, m in found.items() if m}
        protection = re.search(r"protection: \((.*)\)", block)
        zone["protection"] = [int(n) for n in protection[1].split(",")] if protection else []
        if zone.get("managed"):
            zones.append(zone)
    return zones


def snapshot_of(guest: dict, section: str) -> dict | None:
    """One snapshot as the format has it; None if the guest did not get that far."""
    files = guest["files"].get(section, {})
    if "/proc/meminfo" not in files:
        return None
    tasks = guest["tasks"].get(section, [])
    names = {1: "init"} | {task["pid"]: task["id"] for task in tasks}
    procs, groups = [], {}
    for pid, name in names.items():
        of = {
            path.rpartition("/")[2]: text
            for path, text in files.items()
            if path.startswith(f"/proc/{pid}/")
        }
        if not of.get("statm"):
            continue
        proc = {"pid": pid, "name": name, "statm": [int(n) for n in of["statm"].split()]}
        proc |= {key: int(of[key]) for key in ("oom_score", "oom_score_adj")}
        status = numbers_of(of["status"])
        proc["status"] = {key: value for key, value in status.items() if STATUS.fullmatch(key)}
        rollup = numbers_of(of.get("smaps_rollup", "").partition("\n")[2])
        procs.append(proc | {"exact_rss_kb": rollup.get("Rss"), "cgroup": of["cgroup"].strip()})
    for path, text in files.items():
        if path.startswith(CGROUP_ROOT):
            group, _, file = path.removeprefix(CGROUP_ROOT + "/").rpartition("/")
            groups.setdefault(group, {})[file] = (
                numbers_of(text) if file in ("memory.events", "memory.stat") else text.strip()
            )
    return {
        "tasks": tasks,
        "procs": procs,
        "meminfo": numbers_of(files["/proc/meminfo"]),
        "zones": zones_of(files.get("/proc/zoneinfo", "")),
        "buddyinfo": files.get("/proc/buddyinfo", "").splitlines(),
        "vmstat": numbers_of(files.get("/proc/vmstat", "")),
        "psi_memory": files.get("/proc/pressure/memory", "").splitlines(),
        "cgroups": groups,
    }


TRACED = re.compile(r"^\s*(.*)-(\d+)\s+\[\d+\]\s+\S+\s+(\d+)\.(\d{6}): (\w+): (.*)$", re.M)


def trace_of(text: str) -> dict | None:
    """What the tracepoints saw: [time in us, comm, pid, event, arguments] each; None without."""
    rows = TRACED.findall(text)
    events = [[int(s + us), comm, int(pid), event, args] for comm, pid, s, us, event, args in rows]
    fields = ["t_us", "comm", "pid", "event", "args"]
    return {"fields": fields, "events": events} if text else None


def clock_of(log: str) -> list[int]:
    """By how many us printk's clock is ahead of CLOCK_MONOTONIC: init.c writes both in a line."""
    found = re.findall(r"^\[\s*(\d+)\.(\d{6})\] recorder: monotonic (\d+) us$", log, re.M)
    return [int(seconds + us) - int(monotonic) for seconds, us, monotonic in found]


# ---- the kernel's log ----

TIME = re.compile(r"^\[\s*(\d+)\.(\d{6})\] ?(.*)$")
INVOKED = re.compile(
    r"(?P<invoker>.+) invoked oom-killer: gfp_mask=(?P<gfp_mask>0x\w+)(?:\((?P<gfp_flags>.*?)\))?, "
    r"(?:nodemask=\S+ )?order=(?P<order>-?\d+), oom_score_adj=(?P<invoker_adj>-?\d+)"
)
KILLED = re.compile(
    r"(?:(?P<message>[^:]+): )?Killed process (?P<pid>\d+) \((?P<name>.*?)\),? (?P<rest>.*)"
)
REAPED = re.compile(
    r"oom_reaper: reaped process (?P<pid>\d+) \((?P<name>.*)\), now anon-rss:(?P<anon>\d+)kB, "
    r"file-rss:(?P<file>\d+)kB, shmem-rss:(?P<shmem>\d+)kB"
)
USAGE = re.compile(r"memory: usage (\d+)kB, limit (\d+)kB")
ZONE = re.compile(r"Node \d+ (\w+) free:\d+kB")
OTHER = re.compile(r"Tasks in .* are going to be killed|Kernel panic|Out of memory and no kill")


def lines_of(log: str) -> list[tuple[int, str]]:
    """The lines with their times; what has none goes with the line before."""
    lines, now = [], 0
    for line in log.splitlines():
        if stamped := TIME.match(line):
            now, line = int(stamped[1] + stamped[2]), stamped[3]
        lines.append((now, line))
    return lines


def report_in(log: str) -> str:
    """The log from the first OOM line on; empty if there is none."""
    lines = log.splitlines()
    start = next((i for i, line in enumerate(lines) if " invoked oom-killer" in line), len(lines))
    return "".join(line + "\n" for line in lines[start:])


def typed(values: dict) -> dict:
    """Without what was not printed; whole numbers as numbers."""
    known = {key: value for key, value in values.items() if value is not None}
    return {k: int(v) if re.fullmatch(r"-?\d+", v) else v for k, v in known.items()}


def parse_reports(log: str) -> list[dict]:
    """One entry for each "invoked oom-killer", with the kills that followed it."""
    reports: list[dict] = []
    columns: list[str] = []
    for now, line in lines_of(log):
        if invoked := INVOKED.match(line):
            reports.append(
                {
                    "t_us": now,
                    **typed(invoked.groupdict()),
                    "zones": [],
                    "tasks": [],
                    "kills": [],
                    "reaped": [],
                    "other": [],
                }
            )
            columns = []
        if not reports:
            continue
        one = reports[-1]
        if at := re.match(r"CPU: .* PID: (\d+) Comm: ", line):
            one.setdefault("invoker_pid", int(at[1]))
        elif usage := USAGE.match(line):
            one |= {"memcg_usage_kb": int(usage[1]), "memcg_limit_kb": int(usage[2])}
        elif pages := re.match(r"(\d+) pages (RAM|reserved)", line):
            one["pages_" + pages[2].lower()] = int(pages[1])
        elif zone := ZONE.match(line):
            fields = re.findall(r"(free|boost|min|low|high|managed):(\d+)kB", line)
            one["zones"].append({"zone": zone[1]} | {f"{k}_kb": int(n) for k, n in fields})
        elif re.match(r"\[\s*pid\s*\]", line):
            columns = re.findall(r"\w+", line)
        elif columns and (row := re.match(r"\[\s*(\d+)\]\s+(.*)", line)):
            values = [row[1], *row[2].split(maxsplit=len(columns) - 2)]
            one["tasks"].append(typed(dict(zip(columns, values, strict=False))))
        elif line.startswith("oom-kill:"):
            fields = dict(field.partition("=")[::2] for field in line[9:].split(","))
            wanted = ("constraint", "oom_memcg", "task_memcg", "task")
            one |= {key: fields[key] for key in wanted if key in fields}
            one["victim_pid"] = int(fields["pid"])
        elif killed := KILLED.match(line):
            sizes = re.findall(r"([\w-]+):(-?\d+)(kB)?", killed["rest"].lower().replace("kb", "kB"))
            kill = {k.replace("-", "_") + ("_kb" if kb else ""): int(n) for k, n, kb in sizes}
            kill |= {"pid": int(killed["pid"]), "name": killed["name"], "t_us": now}
            one["kills"].append(kill | {"message": killed["message"]})
        elif reaped := REAPED.match(line):
            one["reaped"].append({"t_us": now, **typed(reaped.groupdict())})
        elif OTHER.match(line):
            one["other"].append([now, line])
    return reports


def outcome_of(guest: dict, console: str, parsed: list[dict], hung: bool) -> dict:
    """Who died, in order, by task id; what the reaper said; how it ended."""
    ids = {task["pid"]: task["id"] for task in guest["tasks"].get("before", [])}
    kills = [
        {
            "t_us": kill["t_us"],
            "pid": kill["pid"],
            "task": ids.get(kill["pid"], kill["name"]),
            "message": kill["message"],
            "report": number,
        }
        for number, one in enumerate(parsed)
        for kill in one["kills"]
    ]
    panic = re.search(r"Kernel panic.*", console)
    return {
        "kill_order": [kill["task"] for kill in kills],
        "kills": kills,
        "reaped": [
            [r["t_us"], ids.get(r["pid"], r["name"]), r["anon"], r["file"], r["shmem"]]
            for one in parsed
            for r in one["reaped"]
        ],
        "panic": panic[0] if panic else None,
        "hung": hung,
        "completed": guest["end"],
        "survivors": guest["survivors"],
    }
