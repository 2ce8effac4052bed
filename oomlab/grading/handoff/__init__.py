"""The hand-off of a victim to the reaper: a student's operations, on every schedule."""
