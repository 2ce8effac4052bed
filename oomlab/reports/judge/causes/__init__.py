"""Why memory was out: the closed list of causes, the rules for each, and which one is given."""
