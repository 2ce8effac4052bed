RIGHT = [
    """
def wake_oom_reaper(mm):
    yield ("mmgrab", mm)
    yield ("lock", "oom_reaper_lock")
    yield ("push", "oom_reaper_list", mm)
    yield ("unlock", "oom_reaper_lock")
    yield "wake_up"

def oom_reaper():
    while True:
        yield ("wait_event", "oom_reaper_list")
        yield ("lock", "oom_reaper_lock")
        mm = yield ("pop", "oom_reaper_list")
        yield ("unlock", "oom_reaper_lock")
        if mm is not None:
            yield ("reap", mm)
            yield ("mmdrop", mm)
""",
    """
def wake_oom_reaper(mm):
    # a slot for each victim
    yield "mmgrab", mm
    slot = "mm_to_reap_0"
    number = 0
    while (yield "cmpxchg", slot, None, mm) is not None:
        number += 1
        slot = f"mm_to_reap_{number}"
    yield ["append", "todo", number]
    yield ["wake_up"]

def oom_reaper():
    while True:
        yield "wait_event", "todo"
        number = yield "pop", "todo"
        mm = yield "read", f"mm_to_reap_{number}"
        yield "reap", mm
        yield "mmdrop", mm
""",
    """
def wake_oom_reaper(mm):
    yield "mmgrab", mm
    yield "append", "victims", mm

def oom_reaper():
    # looks again and again, like kmallocwd
    while True:
        mm = yield "pop", "victims"
        if mm is None:
            yield "sleep"
        else:
            yield "reap", mm
            yield "mmdrop", mm
""",
]
SLOT = """
def wake_oom_reaper(mm):
    yield "mmgrab", mm
    old_mm = yield "cmpxchg", "mm_to_reap", None, mm
    if old_mm is None:
        yield "wake_up"
    else:
        yield "mmdrop", mm

def oom_reaper():
    while True:
        yield "wait_event", "mm_to_reap"
        mm = yield "read", "mm_to_reap"
        yield "reap", mm
        yield "mmdrop", mm
        yield "write", "mm_to_reap", None
"""
XCHG = SLOT.replace('yield "read", "mm_to_reap"', 'yield "xchg", "mm_to_reap", None').replace(
    '        yield "write", "mm_to_reap", None\n', ""
)
ALL = "sequence_of_the_mail two_victims three_victims pinned nothing_left_over sleeps_and_lives"
LOST = "sequence_of_the_mail two_victims three_victims"
APPEND = '    yield "append", "oom_reaper_list", mm\n'
MISTAKES = [
    (LOST, "(1) to (7)", "", SLOT),
    ("two_victims three_victims", "victim 2 is never reaped", "", XCHG),
    (
        LOST + " nothing_left_over",
        "never reaped",
        "",
        SLOT.replace(
            'yield "cmpxchg", "mm_to_reap", None, mm', 'yield "xchg", "mm_to_reap", mm'
        ).replace("if old_mm is None:", "if True:"),
    ),
    (
        LOST + " nothing_left_over",
        "never reaped",
        "",
        SLOT.replace(
            'yield "cmpxchg", "mm_to_reap", None, mm', 'yield "read", "mm_to_reap"'
        ).replace(
            '        yield "wake_up"',
            '        yield "write", "mm_to_reap", mm\n        yield "wake_up"',
        ),
    ),
    (
        "pinned nothing_left_over",
        "before any other thread can see",
        '    yield "mmgrab", mm\n' + APPEND,
        APPEND + '    yield "mmgrab", mm\n',
    ),
    ("pinned nothing_left_over", "mmgrab", '    yield "mmgrab", mm\n', ""),
    ("nothing_left_over", "one mmdrop", '        yield "mmdrop", mm\n', ""),
    (
        ALL.removeprefix("sequence_of_the_mail "),
        "Not even a single victim",
        '    yield "wake_up"\n',
        "",
    ),
    (
        ALL.removeprefix("sequence_of_the_mail "),
        "single victim",
        APPEND + '    yield "wake_up"\n',
        '    yield "wake_up"\n' + APPEND,
    ),
    (
        "two_victims three_victims sleeps_and_lives sequence_of_the_mail nothing_left_over",
        "never reaped",
        "    while True:\n",
        "    for _ in range(1):\n",
    ),
    ("three_victims sleeps_and_lives", "next", "    while True:\n", "    for _ in range(2):\n"),
    (
        ALL,
        "do not spin",
        '        yield "wait_event", "oom_reaper_list"\n'
        '        mm = yield "pop", "oom_reaper_list"\n',
        "        mm = None\n        while mm is None:\n"
        '            mm = yield "pop", "oom_reaper_list"\n',
    ),
    (ALL, "take an mm that was handed", '        yield "wait_event", "oom_reaper_list"\n', ""),
    (
        ALL,
        "Not even a single victim",
        "",
        """
queue = []

def wake_oom_reaper(mm):
    queue.append(mm)
    yield "mmgrab", mm
    yield "wake_up"

def oom_reaper():
    while True:
        if not queue:
            yield "sleep"
        else:
            mm = queue.pop(0)
            yield "reap", mm
            yield "mmdrop", mm
""",
    ),
    (
        ALL,
        "reaps by itself",
        '    yield "append", "oom_reaper_list", mm\n    yield "wake_up"\n',
        '    yield "reap", mm\n',
    ),
    (
        ALL,
        "not a generator",
        "",
        "def wake_oom_reaper(mm):\n    return mm\n\ndef oom_reaper():\n    return None\n",
    ),
    (ALL, "no operation", '"append", "oom_reaper_list"', '"enqueue", "oom_reaper_list"'),
    (ALL, "takes 2 operands", '"append", "oom_reaper_list", mm', '"append", mm'),
]
