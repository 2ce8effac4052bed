RIGHT = [
    """
def oom_kill_process(victim, tasks):
    yield ("SIGKILL", victim["pid"])
    yield ("mark_oom_victim", victim["pid"])
    users = [t for t in tasks if t["mm"] == victim["mm"] and not t["kthread"]]
    processes = {t["tgid"]: t["pid"] for t in users}
    shared_with_init = processes.pop(1, None) is not None
    processes.pop(victim["tgid"])
    for pid in processes.values():
        yield ("SIGKILL", pid)
    if not shared_with_init:
        yield ("wake_oom_reaper", victim["mm"])
""",
    """
def signals(victim, tasks):
    seen = {1}
    for t in sorted(tasks, key=lambda t: t["pid"]):
        if t["mm"] == victim["mm"] and not t["kthread"] and t["tgid"] not in seen:
            seen.add(t["tgid"])
            yield "SIGKILL", victim["pid"] if t["tgid"] == victim["tgid"] else t["pid"]

def oom_kill_process(victim, tasks):
    yield from signals(victim, tasks)
    yield "mark_oom_victim", victim["pid"]
    if not any(t["tgid"] == 1 and t["mm"] == victim["mm"] for t in tasks):
        yield "wake_oom_reaper", victim["mm"]
""",
]
ALL = "victim_first sharers_die others_live hand_over_last not_of_init once_each"
MISTAKES = [
    (
        "victim_first",
        "SIGKILL comes before",
        '    yield "SIGKILL", victim["pid"]\n    yield "mark_oom_victim", victim["pid"]\n',
        '    yield "mark_oom_victim", victim["pid"]\n    yield "SIGKILL", victim["pid"]\n',
    ),
    ("victim_first", "Mark the victim", '    yield "mark_oom_victim", victim["pid"]\n', ""),
    (
        "victim_first",
        "no other task",
        '        yield "SIGKILL", task["pid"]\n',
        '        yield "SIGKILL", task["pid"]\n        yield "mark_oom_victim", task["pid"]\n',
    ),
    (
        "sharers_die hand_over_last",
        "lives on",
        'or task["kthread"] or',
        'or task["kthread"] or task["oom_score_adj"] == -1000 or',
    ),
    ("others_live", "kernel thread", 'or task["kthread"] or', "or"),
    (
        "others_live",
        "init",
        "            can_oom_reap = False\n            continue\n",
        "            can_oom_reap = False\n",
    ),
    ("others_live hand_over_last", "bystander", 'task["mm"] != victim["mm"] or ', ""),
    ("not_of_init", "panics", "            can_oom_reap = False\n", ""),
    (
        "sharers_die hand_over_last",
        "lives on",
        '    yield "mark_oom_victim", victim["pid"]\n',
        '    yield "mark_oom_victim", victim["pid"]\n'
        '    if not any(t["tgid"] == 1 and t["mm"] == victim["mm"] for t in tasks):\n'
        '        yield "wake_oom_reaper", victim["mm"]\n    return\n',
    ),
    (
        "hand_over_last",
        "do not prevent it",
        'or task["kthread"] or task["tgid"] in killed:\n            continue',
        'or task["tgid"] in killed:\n            continue\n        if task["kthread"]:\n'
        "            can_oom_reap = False\n            continue",
    ),
    ("once_each", "more than once", '        killed.add(task["tgid"])\n', ""),
    (
        ALL.replace(" not_of_init", ""),
        "Yield pairs",
        '"wake_oom_reaper", victim["mm"]',
        '"wake_up"',
    ),
    (
        ALL,
        "not a generator",
        "",
        "def oom_kill_process(victim, tasks):\n    return [('SIGKILL', victim['pid'])]\n",
    ),
]
