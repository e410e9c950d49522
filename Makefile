# Everything a person or a CI machine runs. `make` alone lists the targets.
SHELL := bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.PHONY: help demo up test lint bench lock reset

VENV := .venv
BIN := $(VENV)/bin
# Written last, so that an interrupted installation is done again.
INSTALLED := $(VENV)/.installed
# Tests wait for servers and sensors: three keep two cores busy.
WORKERS ?= 3

help: ## this list
	@awk -F ':.*## ' '/^[a-z]+:.*## / {printf "  make %-6s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

demo: $(INSTALLED) ## a small economy from nothing, with what happens said aloud
	@$(BIN)/squads demo

up: $(INSTALLED) ## database, Dagster and API, until Ctrl-C
	@$(BIN)/squads up

test: $(INSTALLED) ## all tests, against a PostgreSQL of their own (PYTEST="-k money" for some)
	@$(BIN)/python -m pytest -q -n $(WORKERS) --dist worksteal $(PYTEST)

lint: $(INSTALLED) ## style, types and the direction of imports
	@$(BIN)/ruff check
	@$(BIN)/ruff format --check
	@$(BIN)/mypy
	@$(BIN)/lint-imports

bench: $(INSTALLED) ## the benchmarks, as ratios
	@$(BIN)/python -m benchmarks

lock: ## write requirements.lock anew from pyproject.toml (needs uv)
	@uv pip compile pyproject.toml --group dev --universal --python-version 3.11 --quiet \
	  --no-annotate --no-header --output-file requirements.lock

reset: ## stop the embedded database and delete it, with all data in .squads
	@if [ -x $(BIN)/squads ] && [ -d .squads ]; then \
	  SQUADS_DATABASE_URL= SQUADS_HOME="$(CURDIR)/.squads" $(BIN)/squads db stop; fi
	@rm -rf .squads .tmp_dagster_home_*

# A Python that runs: a pyenv shim may be on the PATH and yet fail. Without uv it must also have ensurepip,
# which Debian packages apart.
define find_python
python=; for candidate in python3 python3.13 python3.12 python3.11; do \
  if $$candidate -c 'import sys; sys.exit(sys.version_info < (3, 11))' >/dev/null 2>&1 \
    && { command -v uv >/dev/null || $$candidate -c 'import ensurepip, venv' >/dev/null 2>&1; }; \
  then python=$$candidate; break; fi; done
endef

$(INSTALLED): pyproject.toml requirements.lock
	@rm -f $@; $(find_python); \
	if command -v uv >/dev/null; then \
	  uv venv --quiet --clear --python "$${python:-3.12}" $(VENV); \
	  uv pip install --quiet --python $(BIN)/python -r requirements.lock; \
	  uv pip install --quiet --python $(BIN)/python --no-deps -e .; \
	elif [ -n "$$python" ]; then \
	  echo "Installing into $(VENV) with $$($$python --version); this takes a minute."; \
	  $$python -m venv --clear $(VENV); \
	  $(BIN)/python -m pip install --quiet --disable-pip-version-check -r requirements.lock; \
	  $(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps -e .; \
	else \
	  echo "No Python 3.11 or newer with venv was found." >&2; \
	  echo "Install one (Debian, Ubuntu: apt install python3 python3-venv) or uv (https://docs.astral.sh/uv)." >&2; \
	  exit 1; \
	fi; touch $@
