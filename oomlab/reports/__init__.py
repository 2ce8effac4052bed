"""Real OOM reports: read them, recompute the choice, ask what else might have happened."""
