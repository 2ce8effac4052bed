RIGHT = [
    """
def oom_badness(task, totalpages):
    if any((task["pid"] == 1, task["kthread"], not task["mm"], task["oom_score_adj"] <= -1000)):
        return 0
    total = sum(task[k] for k in ("rss", "swapents", "nr_ptes", "nr_pmds"))
    bonus = total * 3 // 100 if task["root"] else 0
    shifted = total - bonus + task["oom_score_adj"] * (totalpages // 1000)
    return shifted if shifted > 1 else 1
""",
    """
class Task:
    def __init__(self, **fields):
        self.__dict__.update(fields)

    def unkillable(self):
        return self.pid == 1 or self.kthread or not self.mm or self.oom_score_adj == -1000

UNITS = 1000

def oom_badness(task, totalpages):
    task = Task(**task)
    if task.unkillable():
        return 0
    points = task.rss + task.swapents + task.nr_ptes + task.nr_pmds
    points -= int(points * 3 // 100) * task.root
    return max(1, points + task.oom_score_adj * (totalpages // UNITS))
""",
]
ALL = "what_counts adjustment root_bonus untouchable at_least_one"
MISTAKES = [
    ("what_counts root_bonus", "missing", ' + task["swapents"]', ""),
    ("what_counts", "missing", ' + task["nr_pmds"]', ""),
    ("what_counts", "counted twice", 'task["nr_ptes"] +', '2 * task["nr_ptes"] +'),
    ("adjustment", "a few pages only", "adj * (totalpages // 1000)", "adj * totalpages // 1000"),
    (
        "adjustment root_bonus untouchable",
        "shift",
        "points += adj * (totalpages // 1000)",
        "points += adj",
    ),
    ("root_bonus", "bonus", "points -= points * 3 // 100", "points -= points * 3 // 1000"),
    ("root_bonus", "bonus", 'if task["root"]:', "if False:"),
    ("untouchable", "kernel thread", ' or task["kthread"]', ""),
    ("untouchable", "init", 'task["pid"] == 1 or ', ""),
    ("untouchable", "-1000", " or adj == -1000", ""),
    ("untouchable at_least_one", "can still be killed", "adj == -1000", "adj < -900"),
    ("at_least_one", "at least 1", "max(points, 1)", "max(points, 0)"),
    (ALL, "whole number", "max(points, 1)", "float(max(points, 1))"),
]
