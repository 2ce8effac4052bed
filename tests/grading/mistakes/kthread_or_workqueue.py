BRUTE_FORCE = """
def after(m, event):
    m = dict(m)
    if event == "take":
        m["takers"] -= 1
        m["free"] -= 1
        return m
    m["items" if event == "item" else "own_items"] -= 1
    if m["idle"]:
        m["idle"] -= 1
    elif m["free"] >= 2:
        m["free"] -= 2
    elif event == "own_item":
        m["rescuer_busy"] = True
    return m

def stuck(m):
    if m["runs"] == "kthread" or m["idle"] or m["free"] > 1:
        return False
    return m["runs"] == "workqueue" or m.get("rescuer_busy", False)

def search(m):
    todo, seen = [(m, [])], set()
    while todo:
        m, path = todo.pop()
        if stuck(m):
            return path
        key = tuple(sorted(m.items()))
        if key in seen:
            continue
        seen.add(key)
        if m["items"]:
            todo.append((after(m, "item"), path + ["item"]))
        if m["own_items"]:
            todo.append((after(m, "own_item"), path + ["own_item"]))
        if m["takers"] and m["free"]:
            todo.append((after(m, "take"), path + ["take"]))
    return None

def always_reaps(machine):
    return search(machine) is None

def stuck_order(machine):
    return search(machine) or []
"""
BREADTH_FIRST = BRUTE_FORCE.replace("todo.pop()", "todo.pop(0)")
RIGHT = [
    BRUTE_FORCE,
    BREADTH_FIRST.replace("search(machine) or []", "tuple(search(machine) or ())"),
]
VERDICT = "    return more >= 0 and left - 2 * more < 2\n"
MISTAKES = [
    ("workqueue rescuer", "idle workers", VERDICT, "    return more >= 0\n"),
    ("workqueue rescuer", "", VERDICT, "    return left < 2\n"),
    ("workqueue rescuer", "", VERDICT, "    return more >= 0 and left < 2\n"),
    (
        "rescuer kthread",
        "same queue",
        '        if machine["own_items"] == 0:\n            return False\n        items -= 1\n',
        "        return False\n",
    ),
    ("rescuer", "one item after the other", "        items -= 1\n", "        pass\n"),
    (
        "kthread",
        "needs no worker",
        '    if machine["runs"] == "kthread":\n        return False\n    items',
        "    items",
    ),
    ("witness no_order", "", "    return order + ", "    return [] and order + "),
    ("witness", "still runs", "    order = others[:idle] + ", "    order = others[1:idle] + "),
    (
        "witness",
        "more often",
        '["take"] * min(free, machine["takers"])\n',
        '["take"] * (machine["takers"] + 1)\n',
    ),
    (
        "workqueue rescuer kthread",
        "",
        "    return not can_be_stuck(machine)\n",
        "    return True\n",
    ),
    ("witness", "An event is one of", '["take"]', '["allocate"]'),
]
