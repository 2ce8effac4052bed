"""The kernel model: what Linux does, with its own names. Standard library only."""
