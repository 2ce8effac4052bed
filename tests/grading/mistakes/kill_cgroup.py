RIGHT = [
    """
def kill_cgroup():
    killed = set()
    while True:
        new = set((yield "procs")) - killed
        if not new:
            break
        for pid in sorted(new):
            yield "SIGKILL", pid
            killed.add(pid)
    for pid in sorted(killed, reverse=True):
        error = yield "process_mrelease", pid
        assert error in ("", "ESRCH")
""",
    """
def signals(seen):
    found = [pid for pid in (yield ["procs"]) if pid not in seen]
    for pid in found:
        if (yield ["SIGKILL", pid]):
            seen[pid] = "killed"
        else:
            seen[pid] = "gone"
    return bool(found)

def kill_cgroup():
    seen = {}
    while (yield from signals(seen)):
        pass
    for pid, what in seen.items():
        if what == "killed":
            yield ["process_mrelease", pid]
""",
]
ALL = "all_killed memory_comes_free shared_memory no_child_is_left gone_meanwhile it_ends"
SOLUTION_LOOP = (
    '    while new := [pid for pid in (yield "procs") if pid not in killed]:\n'
    "        for pid in new:\n"
    '            yield "SIGKILL", pid\n'
    "        killed += new\n"
)
MISTAKES = [
    (
        "no_child_is_left",
        "not in that list",
        SOLUTION_LOOP,
        '    killed += yield "procs"\n    for pid in killed:\n        yield "SIGKILL", pid\n',
    ),
    (
        "memory_comes_free shared_memory no_child_is_left gone_meanwhile",
        "SIGKILL does not take it",
        '    for pid in killed:\n        yield "process_mrelease", pid\n',
        "",
    ),
    (
        "shared_memory",
        "EINVAL",
        "",
        "def kill_cgroup():\n    killed = []\n"
        '    while new := [pid for pid in (yield "procs") if pid not in killed]:\n'
        "        for pid in new:\n"
        '            yield "SIGKILL", pid\n            yield "process_mrelease", pid\n'
        "        killed += new\n",
    ),
    (
        "it_ends",
        "must not wait",
        "        killed += new\n    for pid in killed:\n",
        "        killed += new\n        for pid in killed:\n"
        '            yield "process_mrelease", pid\n'
        '    while (yield "procs"):\n        pass\n    for pid in killed:\n',
    ),
    (
        "gone_meanwhile",
        "gone by itself",
        '            yield "SIGKILL", pid\n',
        '            if not (yield "SIGKILL", pid):\n                return\n',
    ),
    (ALL, "no SIGKILL", "in killed]", "in killed and False]"),
    (ALL, "no operation", '"SIGKILL", pid', '"kill", pid'),
    (ALL, "takes 1 operand.", '"SIGKILL", pid', '"SIGKILL", pid, 9'),
    (ALL, "a pid, a whole number", '"SIGKILL", pid', '"SIGKILL", str(pid)'),
    (ALL, "raised ValueError", "    killed = []\n", "    raise ValueError\n"),
]
