#!/usr/bin/env bash
# Gradescope runs this once, when it builds the image. The zip holds this file, run_autograder, the
# folder exercises/ and one wheel of oomlab. The image must have Python 3.11 or newer.
set -euo pipefail
apt-get update
apt-get install -y --no-install-recommends bubblewrap libseccomp2 python3-venv
python3 -m venv /autograder/venv
wheel=$(ls /autograder/source/oomlab-*.whl)
/autograder/venv/bin/pip install "${wheel}[grade]" numpy sympy
# Nothing can be written where students' code runs: compile now what it may import.
/autograder/venv/bin/python -c 'import numpy, sympy'
