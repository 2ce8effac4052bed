"""Every schedule of a scenario: is there one that breaks a property?"""

from .exploration import Exploration
from .hunt import hunt
from .properties import PROPERTIES, Property
from .search import explore

__all__ = ["PROPERTIES", "Exploration", "Property", "explore", "hunt"]
