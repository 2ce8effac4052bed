"""Limits of processes, which a browser has not: the grader names them, and here uses none."""
