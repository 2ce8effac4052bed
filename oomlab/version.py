"""The version of oomlab, as every trace, sheet and export carries it."""

VERSION = "0.1.0"
