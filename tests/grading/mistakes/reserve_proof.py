RIGHT = [
    """
def smallest_reserve(needs):
    return sum(needs) - len(needs) + 1

def stuck_schedule(needs, pages):
    held, order = [0] * len(needs), []
    while len(order) < pages:
        for i, need in enumerate(needs):
            if held[i] < need - 1 and len(order) < pages:
                held[i] += 1
                order.append(i)
    return order
""",
    """
def smallest_reserve(needs):
    # Binary search for the first size that cannot be used up with everybody one short.
    low, high = 0, sum(needs) + 1
    while low < high:
        middle = (low + high) // 2
        if can_block(needs, middle):
            low = middle + 1
        else:
            high = middle
    return low

def can_block(needs, pages):
    for need in needs:
        pages -= min(pages, need - 1)
    return pages == 0

def stuck_schedule(needs, pages):
    for i, need in enumerate(needs):
        for _ in range(need - 1):
            yield i
""",
]
ALL = "enough not_too_much sharp small_cases"
EXACT = "sum(need - 1 for need in needs) + 1"
MISTAKES = [
    ("not_too_much small_cases", "smaller", EXACT, "sum(needs)"),
    ("enough not_too_much small_cases", "none is done", EXACT, "sum(need - 1 for need in needs)"),
    ("enough not_too_much", "none is done", EXACT, "max(needs)"),
    ("enough not_too_much small_cases", "larger", EXACT, "sum(needs) // 2 + 1"),
    ("enough not_too_much small_cases", "can ever hold", EXACT, "max(needs) * len(needs)"),
    ("not_too_much small_cases", "smaller", EXACT, "sum(need - 1 for need in needs) + len(needs)"),
    (ALL.replace("sharp ", ""), "divide with //", EXACT, "(sum(needs) - len(needs)) / 1 + 1"),
    ("sharp", "gets all it needs", "range(need - 1)", "range(need)"),
    (
        "sharp",
        "list or tuple of",
        "return everybody_but_one_page[:pages]",
        "return everybody_but_one_page[:pages] + [0]",
    ),
    (
        "sharp",
        "list or tuple",
        "return everybody_but_one_page[:pages]",
        "return len(everybody_but_one_page)",
    ),
    (
        "sharp",
        "does not exist",
        "return everybody_but_one_page[:pages]",
        "return [task + len(needs) for task in everybody_but_one_page]",
    ),
    (
        "sharp",
        "gets all it needs",
        "return everybody_but_one_page[:pages]",
        "return [n % len(needs) for n in range(pages)]",
    ),
]
