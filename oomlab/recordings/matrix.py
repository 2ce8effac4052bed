"""Which recordings tell one kernel from its neighbours? Each is run by its neighbours' rules.

    python -m oomlab.recordings.matrix notebooks/recordings

writes `told-apart.json` beside the recordings: for each recorded kernel and each preset near it in
time the recordings that disagree if the kernel is taken for that preset. It takes minutes, so
lesson 13 reads the table, and a test recomputes a part of it.
"""

import json
import sys
from pathlib import Path

from ..policies.presets import PRESETS
from .fidelity import compare
from .kernel_release import preset_of
from .recorded import read_record

TABLE = "told-apart.json"
NEAR = 2  # presets before and after a recorded kernel's own
LINUX = [name for name, preset in PRESETS.items() if name == f"linux-{preset.kernel}"]

Table = dict[str, dict[str, list[str]]]


def near(tag: str) -> list[str]:
    """The preset that a recorded kernel is taken for, and those before and after it."""
    place = LINUX.index(preset_of(tag).name)
    return LINUX[max(place - NEAR, 0) : place + NEAR + 1]


def told_apart(paths: list[Path]) -> Table:
    """{recorded kernel: {preset: names of the recordings that disagree under it}}; no races."""
    table: Table = {}
    for path in paths:
        tag = read_record(path)["kernel"]["tag"]
        row = table.setdefault(tag, {name: [] for name in near(tag)})
        for name, wrong in row.items():
            judged = compare(path, preset=PRESETS[name])
            if not judged.agrees and not judged.irreducible:
                wrong.append(path.name.removesuffix(".json.gz"))
    return table


def read_table(folder: Path) -> Table:
    """The table that is shipped with the recordings of a folder."""
    return json.loads((folder / TABLE).read_text(encoding="utf-8"))


if __name__ == "__main__":
    for folder in map(Path, sys.argv[1:]):
        found = told_apart(sorted(folder.glob("*.json.gz")))
        (folder / TABLE).write_text(json.dumps(found, indent=1) + "\n")
