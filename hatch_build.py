"""What of this repository goes into the wheel and the source archive, and what the index shows.

The course travels inside the package, under oomlab/course: lessons, recordings, guides, sheets, and
the exercises as students get them. No teacher's solution is packed: a sheet is cut while it is
packed, and cutting one that was cut before changes nothing, so a wheel made from the source archive
is the same as one made from here.
"""

import re
import sys
from pathlib import Path
from tempfile import mkdtemp

from hatchling.builders.hooks.plugin.interface import BuildHookInterface
from hatchling.metadata.plugin.interface import MetadataHookInterface


class CourseHook(BuildHookInterface):
    """Pack the course, each file as oomlab.doors.materials hands it out."""

    def initialize(self, version: str, build_data: dict) -> None:
        if version == "editable":  # there the course is the repository itself
            return
        sys.path.insert(0, self.root)
        try:
            from oomlab.doors.materials import course_files, handed_out
        finally:
            sys.path.remove(self.root)
        packed = Path(mkdtemp())
        inside = "" if self.target_name == "sdist" else "oomlab/course/"
        for number, (name, path) in enumerate(course_files(Path(self.root)).items()):
            source = packed / str(number)
            source.write_bytes(handed_out(path))
            source.chmod(path.stat().st_mode)
            build_data["force_include"][str(source)] = inside + name


class FrontPage(MetadataHookInterface):
    """README.md as the index shows it, and the addresses beside it.

    On the index a link to a file of the repository leads nowhere. With `source`, the repository's
    public address, in pyproject.toml it leads there; without, its words stay and the link goes.
    """

    def update(self, metadata: dict) -> None:
        source = self.config["source"].rstrip("/")
        readme = Path(self.root, "README.md").read_text("utf-8")
        metadata["readme"] = {"content-type": "text/markdown", "text": at_the_index(readme, source)}
        metadata["urls"] = dict(self.config["urls"])
        if source:
            changes = f"{source}/blob/HEAD/CHANGELOG.md"
            metadata["urls"] |= {"Source": source, "Changelog": changes}


PICTURE = re.compile(r"<picture>.*?</picture>\n*", re.DOTALL)
ADDRESS = re.compile(r'(src|srcset)="(?!https?:)([^"]+)"')
LINK = re.compile(r"(!?)\[((?:[^][]|\[[^]]*\])*)\]\((?!https?:)([^)\s]+)\)")


def at_the_index(readme: str, source: str) -> str:
    """The text with its relative links made absolute, or, without a `source`, unmade."""
    if not source:
        return LINK.sub(lambda link: "" if link[1] else link[2], PICTURE.sub("", readme))
    readme = ADDRESS.sub(lambda each: f'{each[1]}="{source}/raw/HEAD/{each[2]}"', readme)
    return LINK.sub(
        lambda link: (
            f"{link[1]}[{link[2]}]({source}/{'raw' if link[1] else 'blob'}/HEAD/{link[3]})"
        ),
        readme,
    )
