RIGHT = [
    """
def ancestors(name, parent):
    return [] if name is None else [name] + ancestors(parent[name], parent)

def select_bad_process(tasks, memcg, parent):
    domain = [t for t in tasks if memcg is None or memcg in ancestors(t["memcg"], parent)]
    if [t for t in domain if t["victim"]]:
        return -1
    killable = [t for t in domain if t["points"]]
    return max(killable, key=lambda t: t["points"])["pid"] if killable else None
""",
    """
def select_bad_process(tasks, memcg, parent):
    below = {memcg}
    grown = True
    while grown:
        grown = False
        for child, above in parent.items():
            if above in below and child not in below and memcg is not None:
                below.add(child)
                grown = True
    best, pid = 0, None
    for task in tasks:
        if memcg is None or task["memcg"] in below:
            if task["victim"]:
                return -1
            if task["points"] > best:
                best, pid = task["points"], task["pid"]
    return pid
""",
]
ALL = "worst_inside below unfinished everywhere none_left ties"
MISTAKES = [
    (
        "below unfinished",
        "Tasks of child cgroups",
        "while name is not None and name != memcg:\n            name = parent[name]",
        "pass",
    ),
    (
        "below unfinished",
        "Tasks of child cgroups",
        "while name is not None and name != memcg:",
        "if name is not None and name != memcg:",
    ),
    (
        "worst_inside below unfinished none_left",
        "worst task in the cgroup",
        'if memcg is not None and not inside(task["memcg"]):',
        "if False:",
    ),
    (
        "everywhere",
        "With memcg None",
        'memcg is not None and not inside(task["memcg"])',
        'not task["memcg"] or not inside(task["memcg"])',
    ),
    (
        "unfinished everywhere",
        "has not finished",
        'if task["victim"]:\n            return -1',
        "pass",
    ),
    (
        "unfinished",
        "does not stop this scan",
        "    chosen = None\n",
        "    chosen = None\n    if any(t['victim'] for t in tasks):\n        return -1\n",
    ),
    (
        "none_left",
        "0 points",
        'if task["points"] > (chosen["points"] if chosen else 0):',
        'if task["points"] > (chosen["points"] if chosen else -1):',
    ),
    (
        "none_left ties",
        "first of the list",
        'task["points"] > (chosen',
        'task["points"] >= (chosen',
    ),
    ("none_left", "answer is None", "if chosen else None", "if chosen else -1"),
    (
        "worst_inside below unfinished everywhere ties",
        "not the worst",
        'task["points"] > (chosen["points"] if chosen else 0)',
        'task["points"] and not chosen',
    ),
    ("unfinished everywhere", "has not finished", "return -1", "return None"),
    (ALL, "gave", 'return chosen["pid"]', "return chosen"),
]
