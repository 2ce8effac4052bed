"""A run as one HTML file: small, whole, without a request, and a text for those who need one."""

import re

import pytest

import oomlab
from oomlab.lab.controller import Controller
from oomlab.lab.saved import html_of

FOUND = oomlab.explore("lost-victim", "rfc-2015-11-25")


def test_an_ordinary_run_is_less_than_60_kib():
    for scenario, policy in (("invisible-dependency", "linux-4.6"), ("page-thieves", "handa")):
        page = html_of([oomlab.run(scenario, policy, seed=1)])
        assert len(page.encode()) < 60 * 1024


def test_it_asks_for_nothing_and_may_not():
    page = html_of([oomlab.run("lost-victim", "rfc-2015-11-25", schedule=FOUND.pids)])
    assert "default-src 'none'" in page
    assert not re.search(r"(src|href)=[\"']?(https?:)?//", page)
    assert "busy with" in page  # what the moment table says, without any script
    assert page == html_of([oomlab.run("lost-victim", "rfc-2015-11-25", schedule=FOUND.pids)])


def test_saving(tmp_path):
    run = oomlab.run("lost-victim", "rfc-2015-11-25", seed=3)
    assert run.save(tmp_path / "a.html").read_text() == html_of([run])
    assert run.save(tmp_path / "a.json").read_text() == run.to_json()
    assert FOUND.save(tmp_path / "b.html").exists()
    with pytest.raises(ValueError, match="not as a.txt"):
        run.save(tmp_path / "a.txt")
    with pytest.raises(ValueError, match="no schedule to save"):
        oomlab.explore("lost-victim", "handa", vmas=1).save(tmp_path / "c.html")


def test_the_lab_saves_both_policies():
    lab = Controller("lost-victim", "rfc-2015-11-25")
    lab.change(other="handa")
    page = lab.export("html")
    assert "rfc-2015-11-25" in page and "What happened under handa" in page
