RIGHT = [
    """
def oom_reap_task(mm):
    attempts = 0
    while attempts < 10 and not (yield ("trylock", mm)):
        attempts += 1
        if attempts < 10:
            yield ("nap",)
    if attempts < 10:
        yield ["reap", mm]
        yield ["unlock", mm]
    yield ["skip", mm]
""",
    """
MAX_OOM_REAP_RETRIES = 10

def try_to_reap(mm):
    got = yield "trylock", mm
    if got:
        yield "reap", mm
        yield "unlock", mm
    return got

def oom_reap_task(mm):
    for attempt in range(MAX_OOM_REAP_RETRIES):
        if (yield from try_to_reap(mm)):
            break
        yield "nap"
    yield "skip", mm
""",
]
ALL = "free_lock patience gives_up never_waits killer_is_told in_order"
MISTAKES = [
    ("patience", "no time passes", '        yield "nap"\n', ""),
    ("patience gives_up", "ten attempts", "range(10)", "range(3)"),
    ("gives_up", "then it is enough", "range(10)", "range(12)"),
    (
        "gives_up never_waits killer_is_told in_order",
        "40 operations",
        "for _ in range(10):",
        "while True:",
    ),
    (
        "never_waits patience gives_up killer_is_told",
        "may be never",
        "",
        '\ndef oom_reap_task(mm):\n    yield "lock", mm\n    yield "reap", mm\n'
        '    yield "unlock", mm\n    yield "skip", mm\n',
    ),
    ("killer_is_told", "waits for this victim", '    yield "skip", mm\n', ""),
    (ALL, "came free", "            break\n", ""),
    (
        "killer_is_told",
        "set once",
        '            break\n        yield "nap"\n    yield "skip", mm\n',
        '            yield "skip", mm\n            return\n        yield "nap"\n',
    ),
    ("free_lock", "never given back", '            yield "unlock", mm\n', ""),
    (
        "in_order",
        "before the memory is taken",
        '            yield "reap", mm\n            yield "unlock", mm\n            break\n'
        '        yield "nap"\n    yield "skip", mm\n',
        '            yield "skip", mm\n            yield "reap", mm\n'
        '            yield "unlock", mm\n            return\n'
        '        yield "nap"\n    yield "skip", mm\n',
    ),
    (ALL, "with the lock held", '        if (yield "trylock", mm):\n', "        if True:\n"),
    (ALL, "no operation", '"trylock", mm', '"down_read_trylock", mm'),
    (ALL, "mm that `oom_reap_task` was given", '"reap", mm', '"reap", 0'),
]
