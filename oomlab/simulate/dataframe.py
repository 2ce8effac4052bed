"""Rows as a DataFrame of the package that is there: no dependency of oomlab's own."""


def frame_of(rows: list[dict]):
    """Rows as a table of pandas, or else of polars."""
    try:
        from pandas import DataFrame
    except ImportError:
        try:
            from polars import DataFrame
        except ImportError:
            raise ValueError("a frame needs pandas or polars; install one of them") from None
    return DataFrame(rows)
