# The commands a person types. Each first sets up .venv if pyproject.toml or constraints.txt
# changed since last time, so a fresh machine needs only python3 (3.11 or newer), make and git.
PYTHON := python3
BIN := .venv/bin

lab: .venv/lab.stamp
	$(BIN)/oomlab lab

# The site as a folder of files for any static host; npm brings Python for the browser.
site: .venv/site.stamp
	$(BIN)/python site/build.py

serve: .venv/site.stamp
	test -d _site || $(MAKE) site
	$(BIN)/oomlab serve

# Three at a time for two cores, since many tests wait: for a browser, or until the time of a
# hostile answer is up. A worker that has done its own tests takes some of another's. What is timed
# belongs to the benchmarks: a busy machine must fail no test.
test: .venv/test.stamp
	$(BIN)/pytest -n 3 --dist worksteal -m "not timed"

# The same tests on examples that no run has seen, twenty times as many; half an hour or more.
fuzz: .venv/test.stamp
	OOMLAB_FUZZ=20 $(BIN)/pytest -n 2 -m "not timed" --timeout 3600 \
	    tests/test_model.py tests/test_kernel_arithmetic.py tests/test_explore*.py \
	    tests/test_reports_fuzz.py tests/test_hunt.py tests/test_plain.py tests/test_symmetry.py \
	    tests/grading tests/test_values.py tests/browser/test_notebooks_in_lab.py \
	    tests/browser/test_lab_knobs.py tests/browser/test_site.py

# Which lines of the model, the policies, the runs and the explorer no test has entered.
coverage: .venv/test.stamp
	$(BIN)/coverage run -m pytest -q -m "not timed and not browser" --ignore=tests/grading
	$(BIN)/coverage report --skip-covered

# nbgrader is no dependency: its gradebook is tried in an environment of its own.
test-nbgrader: .venv/test.stamp
	$(BIN)/python -m venv .venv/nbgrader
	.venv/nbgrader/bin/pip install --quiet --no-compile --disable-pip-version-check \
	    nbgrader pytest pytest-timeout hypothesis -e .
	.venv/nbgrader/bin/pytest tests/grading/test_gradebook.py

# Ratios, side by side in one run; a few minutes. With spin and gcc installed, Spin too.
bench: .venv/test.stamp
	$(BIN)/python benchmarks/run.py
	$(BIN)/pytest -m timed

# The pictures of the README; how every scenario ends is asked of the model again.
pictures: .venv/lab.stamp
	$(BIN)/python docs/pictures.py

format: .venv/test.stamp
	$(BIN)/ruff check --fix
	$(BIN)/ruff format

clean:
	rm -rf .venv _site _site.work .pytest_cache .ruff_cache .mypy_cache .hypothesis tests/artifacts
	find . -name __pycache__ -exec rm -rf {} +

.venv/lab.stamp: EXTRAS := lab,grade
.venv/site.stamp: EXTRAS := lab,site
.venv/test.stamp: EXTRAS := lab,grade,site,test,bench,cluster
.venv/%.stamp: pyproject.toml constraints.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	    { echo "oomlab needs Python 3.11 or newer; name one with: make PYTHON=python3.13"; exit 1; }
	@$(PYTHON) -c 'import ensurepip' 2>/dev/null || \
	    { echo "This Python lacks venv; on Debian, as root: apt install python3-venv"; exit 1; }
	@echo "Setting up .venv with [$(EXTRAS)], about half a minute ..."
	@$(PYTHON) -m venv .venv
	@# Compiling all that is installed would take as long again; Python compiles what it imports.
	@$(BIN)/pip install --quiet --no-compile --disable-pip-version-check \
	    -c constraints.txt -e '.[$(EXTRAS)]'
	@# Only where students' code runs nothing can be written: what it imports is compiled here.
	@env -u PYTHONDONTWRITEBYTECODE $(BIN)/python -c 'import sympy'
	@touch $@

.PHONY: lab site serve test coverage test-nbgrader fuzz bench pictures format clean
.DELETE_ON_ERROR:
