"""Run a scenario: a scheduler takes the steps, a trace keeps them, an outcome judges the end."""
