# wxadmin: everything here runs in .venv, which the first call makes.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
ONLY ?=

.PHONY: help install demo test check soak bench screenshots format lock

help: ## Say what each target does
	@awk -F':.*## ' '/^[a-z]+:.*## /{printf "  make %-12s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

install: $(VENV)/.runtime ## wxadmin into .venv, and nothing else

demo: $(VENV)/.runtime ## Simulator, gateway and a shop on one SQLite file, until stopped; ARGS="--port 9100" moves it, ARGS=--lan lets a phone in
	@$(BIN)/wxadmin demo $(ARGS)

test: $(VENV)/.dev ## The whole test suite, on all cores; says what this machine could not run
	@$(BIN)/python -m pytest --numprocesses=auto --dist=loadscope --no-loadscope-reorder $(ARGS)

check: $(VENV)/.dev ## Format, lint, types, import contracts
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports --no-cache

soak: $(VENV)/.dev ## The storms at full size; ONLY=name runs one
	@SOAK_SCALE=1 $(BIN)/python -m pytest tests/soak -s -m soak $(if $(ONLY),-k $(ONLY)) $(ARGS)

bench: $(VENV)/.dev ## The benchmarks, both sides and the ratio; ONLY=name runs one
	@$(BIN)/python -m tests.benchmarks $(ONLY)

screenshots: $(VENV)/.dev ## The pictures of the documents, taken anew from a demo; needs Chromium
	@$(BIN)/python -m tests.browser.screenshots

format: $(VENV)/.dev ## Put the code into the house's format
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

lock: ## Renew constraints.txt, the versions that are installed; needs uv
	@uv pip compile --quiet --upgrade --universal --python-version 3.11 --all-extras --no-header --no-annotate \
	  --output-file constraints.txt pyproject.toml

# .runtime says that an installation ended well, .dev that it had the tools of the developers too. Where one was cut
# short neither is there, and the environment is made anew. Debian's python3 comes without ensurepip: the environment
# gets no pip of its own, the one outside installs into it.
$(VENV)/.dev: EXTRA := [dev]
$(VENV)/.runtime $(VENV)/.dev: pyproject.toml constraints.txt $(BIN)/python
	@$(PYTHON) -c "$$NEEDED"
	@echo "Installing wxadmin into $(VENV); this takes about a minute." >&2
	@test -e $(VENV)/.runtime || $(PYTHON) -m venv --without-pip --clear $(VENV)
	@rm -f $(VENV)/.runtime $(VENV)/.dev
	@$(PYTHON) -m pip --python $(BIN)/python install -qq --disable-pip-version-check -c constraints.txt -e '.$(EXTRA)'
	@touch $(VENV)/.runtime $@

# A python that is gone, as after an upgrade of the system, leaves nothing that could be used.
$(BIN)/python:
	@rm -rf $(VENV)

export NEEDED
define NEEDED
import importlib.util, re, sys
if sys.version_info < (3, 11):
    sys.exit("wxadmin needs Python 3.11 or newer: say make PYTHON=/path/to/python3.11")
if importlib.util.find_spec("pip") is None:
    sys.exit("wxadmin needs pip for " + sys.executable + ": on Debian, apt-get install python3-pip")
import pip
if [int(number) for number in re.findall("[0-9]+", pip.__version__)] < [22, 3]:
    sys.exit("wxadmin needs pip 22.3 or newer, this is " + pip.__version__ + ": python3 -m pip install --upgrade pip")
endef
