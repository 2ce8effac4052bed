"""Where student code runs: bubblewrap, the limits of a group, a child to ask, and its proof."""
