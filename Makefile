# cgrates_py: `make run` starts the server with demo data, `make test` passes its tests.
PYTHON ?= python3
BIN    := .venv/bin

.PHONY: help install run test check bench faults faults-quick clean

help:  ## this list
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed 's/:.*## /\t/' | expand -t 14

install: .venv/.installed  ## make .venv with everything in it

.venv/.required: requirements.lock
	$(PYTHON) -m venv .venv
	$(BIN)/pip install --quiet --disable-pip-version-check -r requirements.lock
	@touch $@

# the compiled core is rebuilt when one of its modules changes
.venv/.installed: .venv/.required pyproject.toml setup.py $(wildcard rater/*.py rater/*/*.py cgrates_py/metering/*.py) $(addprefix cgrates_py/,answers.py lane.py responder.py)
	$(BIN)/pip install --quiet --disable-pip-version-check --no-build-isolation --no-deps -e .
	@touch $@

run: install  ## start the server with demo data, in the foreground (Ctrl-C stops it)
	@exec $(BIN)/cgrates-py serve --demo

test: install  ## run the tests
	$(BIN)/pytest -n 2 --dist loadfile

check: .venv/.required  ## ruff, mypy strict, import rules
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

bench: install  ## measure throughput and print the table of docs/PERFORMANCE.md
	$(BIN)/python -m stress bench

faults: install  ## break the server on purpose for ten minutes, and check every answer (docs/RELIABILITY.md)
	$(BIN)/python -m stress faults

faults-quick: install  ## the same, every scenario small: a few minutes
	$(BIN)/python -m stress faults --quick

clean:  ## remove .venv, compiled modules and caches; data directories stay
	rm -f *.so */*.so */*/*.so
	rm -rf .venv build *.egg-info .pytest_cache .mypy_cache .ruff_cache .hypothesis .import_linter_cache
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
