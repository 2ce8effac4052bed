RIGHT = [
    """
import math

def watermarks(managed: int, kernel: str) -> list[int]:
    kb = max(128, min(65536, math.isqrt(managed * 64)))
    lowest = kb >> 2
    if kernel == "4.6":
        gap = max(lowest >> 2, managed // 1000)
        return [lowest + n * gap for n in range(3)]
    return [lowest, lowest + (lowest >> 2), lowest + (lowest >> 1)]
""",
    """
import numpy as np

def root(n):
    guess = int(np.sqrt(n))
    while guess * guess > n:
        guess -= 1
    while (guess + 1) ** 2 <= n:
        guess += 1
    return guess

def watermarks(managed, kernel):
    kbytes = int(np.clip(4 * root(managed * 4 * 16) // 4, 128, 65536))
    first = np.int64(kbytes // 4)
    steps = {"4.4": (first // 4, first // 2)}
    scaled = max(first // 4, managed * 10 // 10_000)
    steps["4.6"] = (scaled, 2 * scaled)
    return np.array([first, first + steps[kernel][0], first + steps[kernel][1]])
""",
]
MISTAKES = [
    (
        "min_mark clamps quarter_steps scaled_steps integers",
        "min mark",
        "16 * 4 * managed",
        "16 * managed",
    ),
    ("min_mark clamps quarter_steps scaled_steps integers", "min mark", "kbytes // 4", "kbytes"),
    ("clamps", "very small", "max(isqrt(16 * 4 * managed), 128)", "isqrt(16 * 4 * managed)"),
    ("clamps", "very large", "65536", "262144"),
    ("quarter_steps", "kernel 4.4", "low_end // 2", "low_end // 4 * 3"),
    ("scaled_steps", "4.6", "managed * 10 // 10000", "managed // 10000"),
    (
        "scaled_steps",
        "small zone",
        "max(low_end // 4, managed * 10 // 10000)",
        "managed * 10 // 10000",
    ),
    ("scaled_steps", "large zone", "max(low_end // 4, managed * 10 // 10000)", "low_end // 4"),
    (
        "min_mark clamps quarter_steps scaled_steps integers",
        "divide with //",
        "kbytes // 4",
        "kbytes / 4",
    ),
    (
        "integers min_mark quarter_steps",
        "one page off",
        "isqrt(16 * 4 * managed)",
        "round((16 * 4 * managed) ** 0.5)",
    ),
    (
        "min_mark clamps quarter_steps integers",
        "list or tuple of 3",
        "return low_end, low_end + low_end // 4, low_end + low_end // 2",
        "return low_end",
    ),
]
