"""`oomlab course` loses no student's work; `oomlab serve` serves one folder, to this machine."""

import json
from threading import Thread
from urllib.error import HTTPError
from urllib.request import urlopen

import pytest

from oomlab.cli import main
from oomlab.doors.materials import write_course
from oomlab.doors.site import server

SHEET = "exercises/level-2.ipynb"
LESSON = "notebooks/01-memory-runs-out.ipynb"


@pytest.fixture(scope="module")
def course(tmp_path_factory):
    folder = tmp_path_factory.mktemp("course") / "deep" / "er"
    assert not write_course(folder).kept
    return folder


def test_students_get_no_solution(course):
    cells = json.loads((course / SHEET).read_text())["cells"]
    text = "\n".join("".join(cell["source"]) for cell in cells)
    assert "# YOUR CODE HERE" in text and "SOLUTION" not in text and "HIDDEN" not in text
    assert (course / "notebooks/recordings/README.md").exists()
    assert (course / "docs/gradescope/run_autograder").stat().st_mode & 0o100


def test_what_a_student_changed_is_kept_and_named(course, capsys):
    (course / SHEET).write_text("my own work")
    (course / LESSON).unlink()
    (course / "notebooks/mine.ipynb").write_text("{}")
    assert main(["course", str(course)]) == 0
    said = capsys.readouterr().out
    assert "Wrote 1 file to" in said and f"Kept 1 that differs from the course's: {SHEET}." in said
    assert (course / SHEET).read_text() == "my own work"
    assert (course / "notebooks/mine.ipynb").read_text() == "{}"
    assert json.loads((course / LESSON).read_text())["cells"]
    (course / SHEET).unlink()
    assert write_course(course) == ([SHEET], [])
    assert main(["course", str(course)]) == 0
    assert "already, unchanged" in capsys.readouterr().out


def test_where_nothing_can_be_written_is_said_in_a_sentence(tmp_path, capsys):
    (tmp_path / "file").write_text("")
    assert main(["course", str(tmp_path / "file")]) == 2
    (tmp_path / "sheets").mkdir()
    (tmp_path / LESSON).mkdir(parents=True)
    assert main(["course", str(tmp_path)]) == 2
    said = capsys.readouterr().err.splitlines()
    assert len(said) == 2 and all(line.startswith("oomlab: the course cannot be") for line in said)


def test_the_site_is_served_to_this_machine_alone(tmp_path, capsys):
    assert main(["serve", str(tmp_path)]) == 2
    assert "there is no site" in capsys.readouterr().err
    site = tmp_path / "site"
    (site / "empty").mkdir(parents=True)
    (site / "index.html").write_text("<p>here")
    (site / "a.wasm").write_bytes(b"\0asm")
    (tmp_path / "secret").write_text("not yours")
    with server(site, 0) as serving:
        Thread(target=serving.serve_forever, daemon=True).start()
        assert serving.server_address[0] == "127.0.0.1"
        root = f"http://127.0.0.1:{serving.server_port}"
        assert urlopen(f"{root}/").read() == b"<p>here"
        assert urlopen(f"{root}/a.wasm").headers["Content-Type"] == "application/wasm"
        for path in ("empty/", "../secret", "%2e%2e/secret", "none"):
            with pytest.raises(HTTPError) as refused:
                urlopen(f"{root}/{path}")
            assert refused.value.code == 404
        assert main(["serve", str(site), "--port", str(serving.server_port)]) == 2
        serving.shutdown()
    assert main(["serve", str(site), "--port", "99999"]) == 2
    assert capsys.readouterr().err.count("try --port 0") == 2
