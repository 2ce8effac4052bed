RIGHT = [
    """
def policy():
    return dict(reaper="list", reaped="skip", gave_up="skip", victim_mark="process",
                child_sacrifice="no")
""",
    """
KNOBS = {"reaper": "list", "queue": None}

def policy():
    knobs = {name: value for name, value in KNOBS.items() if value}
    knobs.update(victim_mark="process", child_sacrifice=False)
    return knobs | {fate: "skip" for fate in ("reaped", "gave_up")}
""",
    """
from dataclasses import dataclass, asdict

@dataclass
class Knobs:
    child_sacrifice: bool = False
    gave_up: str = "skip"
    reaped: str = "skip"
    reaper: str = "list"
    victim_mark: str = "process"

def policy():
    return asdict(Knobs())
""",
]
ALL = "no_victim_lost second_victim unreapable dying_threads children_live"
MISTAKES = [
    ("no_victim_lost", "not handed to the reaper", '"list"', '"slot"'),
    ("no_victim_lost", "not handed to the reaper", '"list"', '"slot-xchg"'),
    ("children_live", "Small children", '        "child_sacrifice": False,\n', ""),
    ("unreapable", "for ever", '        "gave_up": "skip",\n', ""),
    (
        "no_victim_lost second_victim unreapable dying_threads children_live",
        "It ended as",
        "",
        "def policy():\n    return {}\n",
    ),
    (ALL, "does not exist", '"reaper": "list"', '"oom_reaper": "list"'),
    (ALL, "does not take", '"reaper": "list"', '"reaper": "queue"'),
    (ALL, "at most 5 knobs", '"reaper": "list",', '"reaper": "list", "reap_locked": True,'),
    (ALL, "does not exist, or is a time", '"reaper": "list"', '"scan_period": 1'),
    (ALL, "dict", "", "def policy():\n    return 'linux-6.12'\n"),
    (
        "second_victim unreapable children_live",
        "It ended as",
        "",
        "def policy():\n    return {'reaper': 'list', 'reserves': 'favour-dying'}\n",
    ),
]
