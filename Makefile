# make demo    set everything up, then build a small real corpus with the real workflow;
#              ESTIMATOR=dwpose runs DWPose's path with stand-in networks, which find nothing real
# make test    set everything up, then run every test
# make setup   the environment alone, in .venv
# make lock    compile requirements.lock anew from pyproject.toml and overrides.txt

PYTHON ?= python3
PORT ?= 8717
CORES ?= 2
ESTIMATOR ?= mediapipe
TESTS ?=
VENV := .venv
READY := $(VENV)/ready

.PHONY: demo test setup lock

demo: $(READY)
	$(VENV)/bin/python -m signverse.demo --port $(PORT) --cores $(CORES) --estimator $(ESTIMATOR)

test: $(READY)
	$(VENV)/bin/python -m pytest $(TESTS)

setup: $(READY)

$(READY): requirements.lock
	@$(PYTHON) -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 12))' || { \
		echo "Python 3.11 or 3.12 is needed, but $(PYTHON) is $$($(PYTHON) --version 2>&1);" \
			"name another one: make PYTHON=python3.11" >&2; exit 1; }
	$(PYTHON) -m venv --clear $(VENV)
	$(VENV)/bin/python -m pip install --quiet --no-deps --require-hashes -r requirements.lock
	touch $@

# uv is used for this alone, from an environment of its own.
lock:
	$(PYTHON) -m venv $(VENV)-lock
	$(VENV)-lock/bin/python -m pip install --quiet uv==0.13.9
	$(VENV)-lock/bin/uv pip compile --quiet --universal --generate-hashes --no-header \
		--fork-strategy fewest --python-version 3.11 --all-extras \
		--override overrides.txt --output-file requirements.lock pyproject.toml
