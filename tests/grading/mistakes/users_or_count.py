RIGHT = [
    """
def oom_kill_process(mm):
    yield ("mmgrab", mm)
    yield ("mmgrab", mm)
    yield ("SIGKILL", mm)
    yield ("queue", mm)
    yield ("mmdrop", mm)

def __oom_reap_task_mm(mm):
    alive = yield ("mmget_not_zero", mm)
    if alive:
        yield ["reap", mm]
        yield ["mmput_async", mm]
    yield ["mmdrop", mm]
""",
    """
class Reaper:
    def __init__(self, mm):
        self.mm = mm

    def run(self):
        if not (yield "mmget_not_zero", self.mm):
            yield "mmdrop", self.mm
            return
        yield "mmdrop", self.mm
        yield "reap", self.mm
        yield "mmput_async", self.mm

def oom_kill_process(mm):
    for verb in ("mmgrab", "SIGKILL", "queue"):
        yield verb, mm

def __oom_reap_task_mm(mm):
    return Reaper(mm).run()
""",
]
ALL = "stuck_victim struct_is_there vmas_are_there waiting_keeps_nothing no_teardown all_dropped"
AFTER = ALL.removeprefix("stuck_victim ")
GRAB = '    yield "mmgrab", mm\n    yield "SIGKILL", mm\n    yield "queue", mm\n'
MISTAKES = [
    (ALL, "while there are users", GRAB, GRAB.split("\n", 1)[1]),
    (
        AFTER,
        "while there still is one",
        GRAB,
        '    yield "SIGKILL", mm\n    yield "mmgrab", mm\n    yield "queue", mm\n',
    ),
    (AFTER, "VMAs that exit_mmap", '    if (yield "mmget_not_zero", mm):\n', "    if True:\n"),
    (
        AFTER,
        "counts up from 0",
        '    if (yield "mmget_not_zero", mm):\n',
        '    if (yield "mmget", mm) is None:\n',
    ),
    (
        "waiting_keeps_nothing",
        "delays exit_mmap",
        "",
        """
def oom_kill_process(mm):
    yield "mmget", mm
    yield "SIGKILL", mm
    yield "queue", mm

def __oom_reap_task_mm(mm):
    yield "reap", mm
    yield "mmput_async", mm
""",
    ),
    ("no_teardown", "mmput_async leaves it", '"mmput_async"', '"mmput"'),
    ("all_dropped", "never dropped", '    yield "mmdrop", mm\n', ""),
    ("all_dropped", "never dropped", '        yield "mmput_async", mm\n', ""),
    (
        "all_dropped",
        "mm_count 1",
        '        yield "mmput_async", mm\n    yield "mmdrop", mm\n',
        '        yield "mmput_async", mm\n        yield "mmdrop", mm\n',
    ),
    (ALL, "not even reaped", '    yield "queue", mm\n', ""),
    (ALL, "not reaped", '        yield "reap", mm\n', ""),
    (
        ALL,
        "before its process has SIGKILL",
        GRAB,
        '    yield "mmgrab", mm\n    yield "queue", mm\n    yield "SIGKILL", mm\n',
    ),
    (ALL, "no operation", '"mmdrop", mm', '"put", mm'),
]
