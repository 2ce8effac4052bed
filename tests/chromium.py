"""Which browser the tests drive: the machine's own Chromium, or None."""

import shutil

# The first is the same engine without windows, and needs a third less processor time.
NAMES = ("chromium-headless-shell", "chromium", "google-chrome")
CHROMIUM = next(filter(None, map(shutil.which, NAMES)), None)
