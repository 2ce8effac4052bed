"""The cells of a notebook as Python: what IPython adds to the language is taken out.

A cell that is Python stays as it is. In one that is not, the line at which the parser stops is
taken for IPython's if it looks so, and the parser tries again; so a line that only looks like a
magic, such as the second half of a division or a line of a text, is left alone.
"""

import ast
import re

KEEPS_BODY = ("%%time", "%%timeit", "%%capture", "%%prun")  # magics whose cell is Python
KEEPS_LINE = re.compile(r"^(\s*)%(?:time|prun|memit)\s+(?!-)(.+)$")
ASSIGNED = re.compile(r"^(\s*[\w.,\s\[\]]+=\s*)(?:%time\s+(.+)|[%!].*)$")
MOST_LINES = 100  # of IPython's that are looked for one by one
MOST_LETTERS = 2000  # of such a line
OTHER = re.compile(r"^(\s*)(?:[%!?/;,].*|[\w.]+\?{1,2}\s*)$")


def parse(source: str) -> list[ast.stmt]:
    """The statements of one cell. SyntaxError if it is not Python even so."""
    first = source.lstrip().split("\n", 1)[0].strip()
    if first.startswith("%%"):
        if first.split()[0] not in KEEPS_BODY:
            return []
        source = source.lstrip().partition("\n")[2]
    lines = source.split("\n")
    for _ in range(MOST_LINES):
        try:
            return tree("\n".join(lines))
        except SyntaxError as error:
            place = (error.lineno or 0) - 1
            if not 0 <= place < len(lines) or not replace(lines, place):
                break
    for place in range(len(lines)):
        replace(lines, place)
    return tree("\n".join(lines))


def tree(source: str) -> list[ast.stmt]:
    flags = ast.PyCF_ONLY_AST | ast.PyCF_ALLOW_TOP_LEVEL_AWAIT
    return compile(source, "cell", "exec", flags, dont_inherit=True).body


def replace(lines: list[str], place: int) -> bool:
    """Python in place of this line and those that continue it, if it is IPython's."""
    line = lines[place].rstrip("\r")
    if len(line) > MOST_LETTERS:
        return False
    if kept := KEEPS_LINE.match(line):
        lines[place] = kept[1] + kept[2]
    elif assigned := ASSIGNED.match(line):
        lines[place] = assigned[1] + (assigned[2] or "None")
    elif other := OTHER.match(line):
        lines[place] = f"{other[1]}pass"
    else:
        return False
    while line.endswith("\\") and place + 1 < len(lines):  # a shell command goes on
        place += 1
        line, lines[place] = lines[place].rstrip("\r"), ""
    return True
