"""A table as a picture: every word is in it, and nothing in it is markup."""

from oomlab.lab.grid import Grid


def test_every_cell_says_its_word_and_a_hole_is_empty():
    grid = Grid("ends", {"a": {"x": "recovered", "y": "panic"}, "b": {"y": "odd"}})
    page = grid._repr_html_()
    assert grid.columns == ["x", "y"] and page.count("<td") == 4
    assert all(f">{word}</td>" in page for word in ("recovered", "panic", "odd", ""))
    assert repr(grid) == "ends\na: x recovered, y panic\nb: y odd"


def test_words_are_no_markup_and_links_lead_somewhere():
    page = Grid("<t>", {"<r>": {"<c>": "<w>"}}, {("<r>", "<c>"): "#a'b"})._repr_html_()
    assert not any(f"<{name}>" in page for name in "trcw" if name != "t")
    assert "&lt;t&gt;" in page and "href='#a&#x27;b'" in page


def test_a_wide_table_is_scrolled_in_itself_and_with_the_keyboard():
    wide = Grid("w", {"a": {f"c{n}": "x" for n in range(9)}})._repr_html_()
    assert wide.startswith("<div style='overflow-x:auto' tabindex='0' role='region'")
    assert Grid("n", {"a": {f"c{n}": "x" for n in range(8)}})._repr_html_().startswith("<table")


def test_a_table_of_very_many_columns_is_set_close():
    """Twelve releases beside a name of a recording: 736 pixels are what a page of the site has."""
    few, many = ({"a": {f"c{n}": "x" for n in range(count)}} for count in (11, 12))
    assert (
        ".25rem" in Grid("m", many)._repr_html_() and ".25rem" not in Grid("f", few)._repr_html_()
    )
