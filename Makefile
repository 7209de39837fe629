# wxadmin: everything here runs in .venv, which the first call makes.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
ONLY ?=

.PHONY: demo test check soak bench format help

help: ## Say what each target does
	@awk -F':.*## ' '/^[a-z]+:.*## /{printf "  make %-8s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

# Debian ships python3 without ensurepip: the environment is made without pip, and the pip outside installs into it.
$(BIN)/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "wxadmin needs python3 >= 3.11; say PYTHON=/path/to/python3.11" >&2; exit 1; }
	@$(PYTHON) -m pip --version >/dev/null || { echo "wxadmin needs pip; on Debian: apt-get install python3-pip" >&2; exit 1; }
	$(PYTHON) -m venv --without-pip $(VENV)

$(VENV)/.runtime: pyproject.toml constraints.txt | $(BIN)/python
	$(PYTHON) -m pip --python $(BIN)/python install --quiet --disable-pip-version-check -c constraints.txt -e .
	@touch $@

$(VENV)/.dev: pyproject.toml constraints.txt | $(BIN)/python
	$(PYTHON) -m pip --python $(BIN)/python install --quiet --disable-pip-version-check -c constraints.txt -e '.[dev]'
	@touch $@ $(VENV)/.runtime

demo: $(VENV)/.runtime ## Simulator, gateway and shop with sample data, on one SQLite file; serves until stopped
	@$(BIN)/wxadmin demo $(ARGS)

test: $(VENV)/.dev ## The whole test suite; says what this machine could not run
	@$(BIN)/python -m pytest $(ARGS)

check: $(VENV)/.dev ## Format, lint, types, import contracts
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports --no-cache

soak: $(VENV)/.dev ## The storms at full size; ONLY=name runs one
	@SOAK_SCALE=1 $(BIN)/python -m pytest tests/soak -s -m soak $(if $(ONLY),-k $(ONLY)) $(ARGS)

bench: $(VENV)/.dev ## The benchmarks, both sides and the ratio; ONLY=name runs one
	@$(BIN)/python -m tests.benchmarks $(ONLY)

format: $(VENV)/.dev ## Put the code into the house's format
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .
