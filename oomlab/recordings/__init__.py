"""Recordings of real kernels: read as machines of the model, and held against it."""
