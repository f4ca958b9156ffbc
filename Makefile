# make demo     plays a whole year in build/demo and ends by itself
# make test     every test, the proofs at their short length; the Prefect server's last
# make check    the static checks and the architecture's own tests
# make coverage which lines the tests reach, without the proofs
# make fuzz     atheris looks for mail, calendar files and documents over which reading fails (Linux on x86-64; 12 minutes)
# make faults   the proofs at their full length: crashes, races, gaps, chaos, tampering (over an hour)
# make bench    the benchmarks
# make mutants  changes the rules by one thing at a time and lists what no test notices (about ten minutes)
# make docs     writes docs/process again from the tables
# make lock     works requirements.lock out again from pyproject.toml
# make clean    removes what the others made
#
# Each sets itself up: a virtual environment in .venv, filled from requirements.lock.

SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
MAKEFLAGS += --no-builtin-rules --no-print-directory

VENV := .venv
BIN := $(VENV)/bin
DEMO_DIR ?= build/demo
PACKAGES := s11flow flows notifications calendars db
CODE := $(PACKAGES) tests benchmarks
# Files are handed out whole, for what their tests share, and in the order that tests/conftest.py puts them in.
SHARED_OUT := -n 2 --dist loadfile --no-loadscope-reorder

# Nothing that runs here reports to anyone, and no machine's own settings reach a test.
export DO_NOT_TRACK := 1
export PREFECT_SERVER_ANALYTICS_ENABLED := false
export PREFECT_LOGGING_TO_API_WHEN_MISSING_FLOW := ignore
export PREFECT_HOME := $(CURDIR)/build/prefect
export PIP_DISABLE_PIP_VERSION_CHECK := 1
export PYTHONUTF8 := 1
unexport $(filter S11FLOW_%,$(.VARIABLES))

.PHONY: help demo test check coverage faults fuzz mutants bench docs lock clean setup

help:
	@sed -n 's/^# \(make .*\)/\1/p' Makefile

setup: $(VENV)/installed

# The first Python of 3.11 or later that runs; a name alone proves nothing (a shim may stand behind it).
$(BIN)/python:
	@for name in python3.13 python3.12 python3.11 python3; do \
	  if $$name -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then python=$$name; break; fi; \
	done; \
	if [ -z "$${python:-}" ]; then \
	  echo 'No Python 3.11 or later was found; "apt install python3 python3-venv" on Debian 12 or later brings one.' >&2; exit 1; \
	fi; \
	if ! $$python -c 'import ensurepip, venv' 2>/dev/null; then \
	  echo "$$python cannot make virtual environments; \"apt install python3-venv\" adds that." >&2; exit 1; \
	fi; \
	echo "Making $(VENV) with $$($$python --version) ..." >&2; \
	rm -rf $(VENV); $$python -m venv $(VENV)

$(VENV)/locked: requirements.lock | $(BIN)/python
	@echo 'Installing what requirements.lock names ...' >&2
	@$(BIN)/python -m pip install --quiet --require-hashes --requirement requirements.lock
	@touch $@

$(VENV)/installed: $(VENV)/locked pyproject.toml
	@$(BIN)/python -m pip install --quiet --no-deps --no-build-isolation --editable .
	@touch $@

demo: setup
	@$(BIN)/s11flow demo --dir $(DEMO_DIR)

# Prefect makes its folder, but not the one it lies in. With CI=true and as root the Debian packages that some tests want
# come first. What starts Prefect's server has both cores to itself, at the end.
test: setup
	@$(BIN)/python -m tests.debian
	@mkdir -p $(PREFECT_HOME)
	@$(BIN)/python -m pytest $(SHARED_OUT) --both -m 'not prefect_server'
	@$(BIN)/python -m pytest tests/flows -m prefect_server

# The proofs in tests/faults reach what the others reach, and counting lines would slow what they do over and over.
coverage: setup
	@rm -f .coverage .coverage.*
	@mkdir -p $(PREFECT_HOME)
	@$(BIN)/python -m pytest $(SHARED_OUT) -m 'not prefect_server' --ignore tests/faults --cov --cov-report=
	@$(BIN)/python -m pytest tests/flows -m prefect_server --cov --cov-append --cov-report=term

check: setup
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy $(addprefix --package ,$(CODE))
	$(BIN)/lint-imports
	$(BIN)/deptry .
	$(BIN)/python -m pytest -q -m 'not prefect_server' tests/test_architecture.py tests/test_packaging.py

faults: setup
	@$(BIN)/python -m pytest $(SHARED_OUT) tests/faults --thorough

fuzz: setup
	@$(BIN)/python -m pip install --quiet 'atheris>=3,<4'
	@for what in mail bounce calendar document; do $(BIN)/python -m tests.faults.fuzzing $$what 180 || exit 1; done

mutants: setup
	@$(BIN)/python -m tests.mutants --at-once 2 --at-least 90

bench: setup
	@$(BIN)/python -m benchmarks

docs: setup
	@$(BIN)/python -m s11flow.process docs/process

lock: setup
	@$(BIN)/uv pip compile pyproject.toml --extra dev --generate-hashes --universal --python-version 3.11 \
	  --no-emit-index-url --no-header --no-annotate --no-emit-package pywin32 --upgrade --quiet --output-file requirements.lock

clean:
	rm -rf $(VENV) build dist *.egg-info .coverage .coverage.* htmlcov .hypothesis .import_linter_cache .mypy_cache \
	  .pytest_cache .ruff_cache
	find $(PACKAGES) tests benchmarks -name __pycache__ -type d -prune -exec rm -rf {} + 2>/dev/null || true
