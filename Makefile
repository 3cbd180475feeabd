# Veri-Train. `make` alone lists the targets. Needs: Python 3.11, 3.12 or 3.13 with venv, make, git.
SHELL := /bin/bash
PYTHONS := python3.13 python3.12 python3.11 python3
# Each is tried, not only looked for: a shim of pyenv may name a Python that it does not start.
USABLE := import ensurepip, sys, venv; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 13))
PYTHON ?= $(shell for name in $(PYTHONS); do $$name -c '$(USABLE)' >/dev/null 2>&1 && { command -v $$name; exit; }; done)
# Processes of the tests: one a core, from 2 to 4.
CORES := $(shell n=$$(nproc 2>/dev/null || sysctl -n hw.ncpu 2>/dev/null || echo 2); echo $$(( n < 2 ? 2 : n > 4 ? 4 : n )))
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready
LORA := $(VENV)/.lora
DATATROVE := .venv-datatrove/.ready
TASK ?=
# The numbered notebooks, in order: core/stage_list.py is the list, and a test compares.
STAGES := $(foreach notebook,$(filter-out %/00_overview.ipynb,$(sort $(wildcard notebooks/0[0-9]_*.ipynb))),$(lastword $(subst _, ,$(basename $(notdir $(notebook))))))
BENCHES := batches choice choice-size decision example faults fuzz gate gate-speed kills label-rule lift lora machines mended notebooks numbers out-of-scope server shortcuts teacher together translation
export MLFLOW_DISABLE_TELEMETRY := true
# MLflow's own job workers: 0.9 GB that nothing here uses
export MLFLOW_SERVER_ENABLE_JOB_EXECUTION := false
export GX_ANALYTICS_ENABLED := false

.DEFAULT_GOAL := help
.PHONY: serve help setup setup-lora loop test test-slow check lab ui lock notebooks clean status doctor $(STAGES) $(BENCHES:%=bench-%)

help:  ## list the targets
	@grep -hE '^[a-z%$$(){}:=_ -]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([^:]*):[^#]*## (.*)/\1|\2/' | awk -F'|' '{printf "  %-14s %s\n", $$1, $$2}'
	@printf '  %-14s %s\n' "$(firstword $(STAGES)) ..." "one stage by its notebook: $(STAGES)"
	@printf '  %-14s %s\n' "bench-NAME" "measure a claim (KEEP=1: and write it into README): $(BENCHES)"

setup: $(READY)  ## install the locked environment into .venv

$(READY): requirements.lock pyproject.toml
	@test -n "$(PYTHON)" || { echo "Python 3.11, 3.12 or 3.13 with venv is needed, and none of these is one: $(PYTHONS). Install one (Debian, Ubuntu: apt-get install python3 python3-venv), or set PYTHON=/path/to/python3"; exit 3; }
	@$(PYTHON) -c '$(USABLE)' 2>/dev/null || { echo "Python 3.11, 3.12 or 3.13 with venv is needed; PYTHON=$(PYTHON) is $$($(PYTHON) --version 2>&1 || true), or lacks venv (Debian, Ubuntu: apt-get install python3-venv)"; exit 3; }
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@echo "Installing the locked environment (a few minutes the first time) ..."
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes --no-compile -r requirements.lock
	@# pip compiles in one process; this takes all cores, and leaves the packages' own tests out. A file that is no
	@# Python of this version (a template, say) is passed over, as pip does.
	@$(BIN)/python -m compileall -q -q -j 0 -x '/tests?/' $(VENV)/lib || true
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	@# Parsing the grammar of this optional dependency takes a second in every process that imports jsonschema,
	@# which does without it.
	@$(BIN)/python -m pip uninstall --quiet --disable-pip-version-check --yes rfc3987-syntax lark
	@touch $@

setup-lora: $(LORA)  ## add what tuning language models here needs (docs/lora.md)

$(LORA): $(READY)
	@echo "Installing torch, transformers and peft (a few minutes, some GB) ..."
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-build-isolation -e '.[lora]'
	@touch $@

loop: $(READY)  ## run the closed loop (TASK=file.yaml; the built-in example by default)
	@$(BIN)/veritrain loop $(or $(TASK),support)

$(STAGES): $(READY)
	@$(BIN)/veritrain $@ $(TASK)

status: $(READY)  ## where the task stands
	@$(BIN)/veritrain status $(TASK)

doctor: $(READY)  ## check the installation
	@$(BIN)/veritrain doctor

lab: $(READY)  ## open JupyterLab on the notebooks
	@$(BIN)/jupyter lab --notebook-dir=. notebooks/00_overview.ipynb

ui: $(READY)  ## open the MLflow UI on the project's store
	@$(BIN)/mlflow ui --host 127.0.0.1 --port 5000

serve: $(READY)  ## serve the REST API, the home page and the MLflow UI on port 8000
	@$(BIN)/veritrain serve

# One thread of linear algebra a process: there is a test process for each core, and threads of two wait for each other.
test test-slow: export OPENBLAS_NUM_THREADS := 1
test test-slow: export OMP_NUM_THREADS := 1

test: $(READY)  ## the fast tests (6 to 10 minutes on 2 cores)
	@$(BIN)/python -m pytest -q -p no:nbval -n $(CORES) --dist loadfile --no-loadscope-reorder --timeout=300 -m "not slow"

test-slow: $(READY)  ## kills, long runs, browsers (20 to 30 minutes on 2 cores)
	@# One process more than cores: these wait for servers, kernels and leases much of their time.
	@$(BIN)/python -m pytest -q -p no:nbval -n $$(( $(CORES) + 1 )) --dist loadfile --no-loadscope-reorder -m slow

check: $(READY)  ## ruff and mypy
	@$(BIN)/ruff check . && $(BIN)/ruff format --check . && $(BIN)/mypy

bench-lora bench-translation: $(LORA)
bench-gate-speed: $(DATATROVE)

# Beside the gate in its benchmark; its pins are not ours, so it has an environment of its own.
$(DATATROVE): Makefile
	@$(PYTHON) -m venv .venv-datatrove
	@.venv-datatrove/bin/python -m pip install --quiet --disable-pip-version-check "datatrove[io,processing]==0.10.1" spacy==3.8.18 orjson==3.13.0 \
	  || { rm -rf .venv-datatrove; echo "datatrove can't be installed here; the benchmark leaves it out"; }
	@test ! -d .venv-datatrove || touch $@

$(BENCHES:%=bench-%): bench-%: $(READY)
	@$(BIN)/python -m $(if $(KEEP),benchmarks.figures keep $*,benchmarks.$(subst -,_,$*)) $(ARGS)

lock: $(READY)  ## compile requirements.lock anew from pyproject.toml
	@$(BIN)/uv pip compile --quiet --universal --python-version 3.11 --extra dev --generate-hashes --no-emit-index-url --no-emit-find-links --no-header --no-annotate pyproject.toml -o requirements.lock

clean:  ## remove the environment and caches (the record stays)
	rm -rf $(VENV) .venv-datatrove .mypy_cache .ruff_cache .pytest_cache
