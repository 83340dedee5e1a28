# make demo | test | check | coverage | mutation | docs | bench | clean.
# Everything lives in .venv; a stamp file keeps repeats cheap.
# PYTHON=/path/to/python make demo picks the interpreter; any from 3.11 on will do.
.POSIX:

VENV = .venv
BIN = $(VENV)/bin
WORKERS = auto
BENCH_ROWS = 1000000
MUTANTS = --sample 20 --seed 1
PEERS_VENV = .venv-peers

help:
	@echo 'make demo      install and load the sample files into warehouse.db'
	@echo 'make test      run the tests, with a real PostgreSQL that pip installs'
	@echo 'make check     formatting, lint, types, layers, tests, docs that run: all that must pass'
	@echo 'make coverage  fail unless tests take every branch of the code that guards rows'
	@echo 'make mutation  how many mutants of that code they find ($(MUTANTS); MUTANTS= tries all)'
	@echo 'make docs      write docs/reference from the code'
	@echo 'make bench     compare with other loaders (BENCH_ROWS=$(BENCH_ROWS))'
	@echo 'make clean     remove what the above have made, but for the databases'

$(VENV)/.installed: pyproject.toml
	@set -e; \
	suits() { "$$1" -c 'import sys, ensurepip, venv; sys.exit(sys.version_info < (3, 11))' >/dev/null 2>&1; }; \
	if ! suits $(BIN)/python; then \
	  found=; \
	  for python in $$PYTHON python3 python3.14 python3.13 python3.12 python3.11 python; do \
	    if suits "$$python"; then found=$$python; break; fi; \
	  done; \
	  if [ -z "$$found" ]; then \
	    echo "etl-agent needs Python 3.11 or newer, with its venv module." >&2; \
	    echo "Found: $$(python3 --version 2>&1 || echo 'no python3')." >&2; \
	    echo "Install one (on Debian and Ubuntu also the package python3-venv), or name it:" >&2; \
	    echo "  PYTHON=/path/to/python3 make demo" >&2; \
	    exit 1; \
	  fi; \
	  echo "Making $(VENV) with $$($$found --version)"; \
	  "$$found" -m venv --clear $(VENV); \
	fi
	@echo 'Installing etl-agent into $(VENV)'
	@$(BIN)/python -m pip install -qq --disable-pip-version-check -e .
	@touch $@

$(VENV)/.installed-dev: $(VENV)/.installed
	@echo 'Installing the tools for tests and checks'
	@$(BIN)/python -m pip install -qq --disable-pip-version-check -e '.[dev]'
	@touch $@

install: $(VENV)/.installed-dev

demo: $(VENV)/.installed
	@$(BIN)/etl-agent run --quiet pipelines/*.yaml
	@$(BIN)/etl-agent runs
	@echo
	@echo 'Next, see which rows were not loaded and why:'
	@echo '  . $(BIN)/activate'
	@echo '  etl-agent quarantine list'

test: $(VENV)/.installed-dev
	@$(BIN)/python -m pytest -q -n $(WORKERS)

lint: format style types layers

format: $(VENV)/.installed-dev
	$(BIN)/ruff format --check .

style: $(VENV)/.installed-dev
	$(BIN)/ruff check .

types: $(VENV)/.installed-dev
	$(BIN)/mypy

layers: $(VENV)/.installed-dev
	$(BIN)/lint-imports

docs: $(VENV)/.installed
	$(BIN)/python docs/make_reference.py

check: lint test

coverage: $(VENV)/.installed-dev
	@$(BIN)/python benchmarks/guarded.py coverage --workers $(WORKERS)

mutation: $(VENV)/.installed-dev
	@$(BIN)/python benchmarks/guarded.py mutation $(MUTANTS)

bench: $(VENV)/.installed-dev
	$(BIN)/python benchmarks/compare.py --peers-venv $(PEERS_VENV) --rows $(BENCH_ROWS)

clean:
	rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache build dist

.PHONY: help install demo test lint format style types layers docs check coverage mutation bench clean
