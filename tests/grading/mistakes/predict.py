RIGHT = [
    """
def who_dies(children, policy):
    victims = []
    if policy["child_sacrifice"]:
        for n in range(children):
            victims.append("child" + str(n + 1))
    victims.append("hog")
    return victims

def is_lost(victims, policy):
    return policy["reaper"] in {"none", "slot", "slot-xchg", "workqueue"}

def is_reaped(sharer, policy):
    blocks = {
        "killable": False,
        "kthread": policy["kthread_blocks_reaping"],
        "unkillable": policy["unkillable_sharer"] == "spared",
        "init": True,
    }
    return not blocks[sharer]
""",
    """
def queue(policy):
    return policy["reaper"] == "list"

def who_dies(children, policy):
    return policy["child_sacrifice"] * [f"child{i + 1}" for i in range(children)] + ["hog"]

def is_lost(victims, policy):
    return not (queue(policy) or policy["reaper"] == "scan")

def is_reaped(sharer, policy):
    if sharer in ("killable", "init"):
        return sharer == "killable"
    blocked = {"kthread": "kthread_blocks_reaping", "unkillable": "unkillable_sharer"}
    return policy[blocked[sharer]] in (False, "killed")
""",
]
ALL = "small_child lost_victim hidden_sharer"
MISTAKES = [
    (
        "hidden_sharer",
        "knobs about sharers",
        'return policy["unkillable_sharer"] == "killed"',
        'return policy["victim_mark"] == "process"  # true of the presets, by chance',
    ),
    ("small_child", "child in its parent's place", 'if policy["child_sacrifice"] else []', ""),
    (
        "small_child",
        "child in its parent's place",
        'if policy["child_sacrifice"] else []',
        'if not policy["child_sacrifice"] else []',
    ),
    ("small_child", "knob that decides", 'return [*first, "hog"]', 'return ["hog", *first]'),
    ("small_child", "knob that decides", "range(1, children + 1)", "range(1, children)"),
    ("small_child", "list or tuple", 'return [*first, "hog"]', 'return ", ".join([*first, "hog"])'),
    ("lost_victim", "several seeds", 'not in ("list", "scan")', 'in ("slot", "slot-xchg")'),
    (
        "lost_victim",
        "'slot-xchg'",
        'not in ("list", "scan")',
        'not in ("list", "scan", "slot-xchg")',
    ),
    ("lost_victim", "'scan'", 'not in ("list", "scan")', 'not in ("list",)'),
    ("lost_victim", "a victim can", 'policy["reaper"] not in ("list", "scan")', "False"),
    ("hidden_sharer", "'unkillable'", '== "killed"', '== "spared"'),
    ("hidden_sharer", "'init'", 'sharer != "init"', "True"),
    ("hidden_sharer", "'kthread'", 'return not policy["kthread_blocks_reaping"]', "return True"),
    (
        "small_child",
        "raised ModuleNotFoundError",
        "    first = [",
        "    import oomlab\n\n    first = [",
    ),
]
