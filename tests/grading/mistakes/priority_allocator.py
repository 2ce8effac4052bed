RIGHT = [
    """
def zone_watermark_ok(task, zone):
    # v6-like: dying tasks down to half, kthreads down to a quarter off
    if task["memalloc"]:
        return True
    limit = zone["min"]
    if task["dying"]:
        limit //= 2
    elif task["kthread"]:
        limit -= limit // 4
    return zone["free"] > limit
""",
    """
SHARES = {"memalloc": 0, "dying": 1 / 4, "kthread": 1 / 3}

def zone_watermark_ok(task, zone):
    share = min([SHARES[kind] for kind in SHARES if task[kind]], default=1)
    return zone["free"] > share * zone["min"]
""",
]
ALL = "dying_get_out kthreads_too normal_progress normal_stop rest_for_reclaim"
MISTAKES = [
    ("dying_get_out kthreads_too", "waits for ever", 'task["dying"] or task["kthread"]', "False"),
    ("dying_get_out kthreads_too", "dying", 'task["dying"] or task["kthread"]', 'task["kthread"]'),
    (
        "kthreads_too",
        "A kernel thread, without",
        'task["dying"] or task["kthread"]',
        'task["dying"]',
    ),
    (
        "dying_get_out normal_stop",
        "no more than min",
        'mark = zone["min"]',
        'mark = zone["min"] // 2',
    ),
    ("normal_progress", "refused although", 'mark = zone["min"]', 'mark = zone["min"] * 5 // 4'),
    (
        "normal_stop",
        "no more than min",
        'return zone["free"] > mark',
        'return zone["free"] >= mark',
    ),
    ("rest_for_reclaim", "empty the zone", "mark -= mark // 2", "mark = 0"),
    (
        "rest_for_reclaim",
        "last page",
        'if task["memalloc"]:\n        mark = 0',
        'if task["memalloc"]:\n        mark = zone["min"] // 4',
    ),
    (
        "dying_get_out kthreads_too",
        "waits for ever",
        "mark -= mark // 2",
        'mark -= mark // 10 if task["dying"] else mark // 2',
    ),
    (
        "normal_progress normal_stop",
        "far from empty",
        'return zone["free"] > mark',
        'return zone["free"] > mark and any(task.values())',
    ),
    (ALL, "no normal task took a page", 'return zone["free"] > mark', "return False"),
    (ALL, "True or False", 'return zone["free"] > mark', 'return zone["free"] - mark'),
    (ALL, "True or False", 'return zone["free"] > mark', 'zone["free"] > mark'),
]
