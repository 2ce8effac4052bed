"""Which recordings tell one kernel from its neighbours? Each judged by the rules of the others.

    python -m oomlab.recordings.matrix notebooks/recordings

writes `told-apart.json` beside the recordings: for each recorded kernel and each preset the
recordings that disagree if the kernel is taken for that preset. It takes some minutes, so lesson
13 reads the table, and a test recomputes a part of it.
"""

import json
import sys
from pathlib import Path

from ..model.policy import PRESETS
from .fidelity import compare
from .recorded import read_record

TABLE = "told-apart.json"
LINUX = [name for name, preset in PRESETS.items() if name == f"linux-{preset.kernel}"]


def told_apart(paths: list[Path], presets: list[str]) -> dict[str, dict[str, list[str]]]:
    """{recorded kernel: {preset: names of the recordings that disagree under it}}; no races."""
    table: dict[str, dict[str, list[str]]] = {}
    for path in paths:
        if compare(path).irreducible:
            continue
        row = table.setdefault(read_record(path)["kernel"]["tag"], {})
        for name in presets:
            wrong = row.setdefault(name, [])
            if not compare(path, preset=PRESETS[name]).agrees:
                wrong.append(path.name.removesuffix(".json.gz"))
    return table


def read_table(folder: Path) -> dict[str, dict[str, list[str]]]:
    """The table that is shipped with the recordings of a folder."""
    return json.loads((folder / TABLE).read_text())


if __name__ == "__main__":
    for folder in map(Path, sys.argv[1:]):
        found = told_apart(sorted(folder.glob("*.json.gz")), LINUX)
        (folder / TABLE).write_text(json.dumps(found, indent=1) + "\n")
