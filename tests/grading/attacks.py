"""The hostile submissions of attacks.txt, and some that cannot stand in a text file."""

from pathlib import Path

HEADER, *SECTIONS = Path(__file__).with_suffix(".txt").read_text("utf-8").split("\n=== ")

SPAM = """
import os
def spam(data):
    for fd in range(64):
        try:
            os.write(fd, data)
        except OSError:
            pass
"""
FUNCTION = "\ndef oom_badness(task, totalpages):\n    return X\n"

ATTACKS = {}
for section in SECTIONS:
    name, _, source = section.partition("\n")
    ATTACKS[name] = SPAM + source if "spam(" in source else source

ATTACKS |= {
    "a thousand brackets": "X = " + "(" * 5000 + ")" * 5000 + FUNCTION,
    "a million signs": "X = " + "-" * 100_000 + "1" + FUNCTION,
    "a long number": "X = " + "9" * 100_000 + FUNCTION,
    "null bytes": "X = 1\0" + FUNCTION,
    "lone surrogate": "X = '\ud800'" + FUNCTION,
}
