"""The explorer's own fault, as against the user's mistake, which is a ValueError."""


class ExplorerFault(Exception):
    """What the explorer found did not happen in the model: please report it, as it stands."""
