"""Sheets: a claim about every schedule as a text file that anybody can run again."""

from .check import Checked, check, check_all
from .code import property_of, scenario_of
from .sheet import Sheet, read_sheet, sheet_of

__all__ = [
    "Checked",
    "Sheet",
    "check",
    "check_all",
    "property_of",
    "scenario_of",
    "read_sheet",
    "sheet_of",
]
