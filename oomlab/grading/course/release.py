"""The students' version of a sheet: solutions and hidden tests cut out, as nbgrader does it."""

import copy
import re

SOLUTION = re.compile(
    r"^([ \t]*)### BEGIN SOLUTION[^\n]*\n.*?^[ \t]*### END SOLUTION[^\n]*$",
    re.DOTALL | re.MULTILINE,
)
HIDDEN = re.compile(
    r"^[ \t]*### BEGIN HIDDEN TESTS[^\n]*\n.*?^[ \t]*### END HIDDEN TESTS[^\n]*\n?",
    re.DOTALL | re.MULTILINE,
)
STUB = "# YOUR CODE HERE\n{indent}raise NotImplementedError()"


def student_version(notebook: dict) -> dict:
    """A copy without solutions, hidden tests, outputs; ValueError for a marker left over."""
    notebook = copy.deepcopy(notebook)
    for cell in notebook["cells"]:
        source = "".join(cell["source"])
        source = SOLUTION.sub(lambda m: m[1] + STUB.format(indent=m[1]), source)
        source = HIDDEN.sub("", source).rstrip("\n")
        if re.search(r"### (BEGIN|END) (SOLUTION|HIDDEN TESTS)", source):
            raise ValueError(f"a marker has no partner in the cell that begins {source[:60]!r}")
        cell["source"] = source.splitlines(keepends=True)
        if cell["cell_type"] == "code":
            cell["outputs"], cell["execution_count"] = [], None
    return notebook
