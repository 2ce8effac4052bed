"""A stand-in for IPython.display in the browser's Python, where the page shows the widgets."""


def display(*_, **__) -> None:
    """No cell has an output here."""


update_display = display
