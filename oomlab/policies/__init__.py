"""Which kernel it is: its knobs, checked; the dated designs; patches. The model reads these."""
