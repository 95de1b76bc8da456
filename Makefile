# Sekisho. Two commands to know: `make demo` and `make test`. `make help` lists the rest.
SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DELETE_ON_ERROR:
.DEFAULT_GOAL := help

PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin
JOBS ?= $(shell nproc)

.PHONY: help
help: ## What can be made
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-14s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

# ---- what everything stands on ---------------------------------------------

.PHONY: packages venv
packages:
	@scripts/install-packages router lab browser lint

venv: packages $(VENV)/.ready

$(VENV)/.ready: requirements-dev.lock pyproject.toml
	@echo "== Making the Python environment in $(VENV) (locked, with hashes)"
	@$(PYTHON) -m venv $(VENV)
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements-dev.lock
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	@# Without byte code each of our processes would carry its own compiler's remains.
	@$(BIN)/python -m compileall -q appliance webui
	@touch $@

.PHONY: lock
lock: ## Renew the lock files from pyproject.toml
	@$(PYTHON) -m venv build/lock-venv && build/lock-venv/bin/pip install --quiet uv
	@build/lock-venv/bin/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-header \
	    --extra dev pyproject.toml --output-file requirements-dev.lock
	@build/lock-venv/bin/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-header \
	    --extra install pyproject.toml --output-file requirements.lock
	@build/lock-venv/bin/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-header \
	    requirements-scan.in --output-file requirements-scan.lock
	@build/lock-venv/bin/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-header \
	    --constraint requirements.lock requirements-fuzz.in pyproject.toml --output-file requirements-fuzz.lock
	@rm -rf build/lock-venv

# ---- the two commands --------------------------------------------------------

.PHONY: demo
demo: venv ## A whole clinic comes alive on this machine (ONCE=1 ends by itself, JSON=FILE writes the facts)
	@$(BIN)/python -m tests.lab.demo $(if $(ONCE),--once) $(if $(JSON),--json '$(JSON)')

.PHONY: test
test: lint test-unit test-scenarios test-browser test-vagrant ## Everything that every change must pass

# ---- parts of it ---------------------------------------------------------------

.PHONY: lint test-unit test-scenarios test-long test-browser test-vm test-vagrant
lint: venv ## Style, types, architecture, shell
	@echo "== ruff, mypy, import-linter, shellcheck"
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports
	@git ls-files -z | xargs -0 grep -lZE '^#!/(bin/|usr/bin/env )(ba)?sh' | xargs -0 -r shellcheck -x

test-unit: venv ## Unit tests (they mirror the packages)
	@echo "== unit tests"
	@$(BIN)/python -m pytest -q -n $(JOBS) -m 'not real_kernel' tests/unit tests/fuzz

test-scenarios: venv ## The appliance in its network world, one file per scenario
	@echo "== scenarios"
	@$(BIN)/python -m pytest -q -n $(JOBS) -m 'not real_kernel and not long' tests/scenarios

test-long: venv ## The scenarios that wait for a minute or more
	@echo "== long scenarios"
	@$(BIN)/python -m pytest -q -n $(JOBS) -m 'long and not real_kernel' tests/scenarios

test-browser: venv ## The page in Chromium
	@echo "== browser tests"
	@$(BIN)/python -m pytest -q tests/browser

.PHONY: guests
guests: venv
	@scripts/install-packages vm
	@scripts/vm-root
	@JOBS=$(JOBS) scripts/vm-kernel

test-vm: guests ## The same on the real kernel of Debian 13: scenarios, the kernel's unit tests (TESTS= for some of them, BRIEF=1 for what only it can play)
	@$(BIN)/python -m tests.vm test --jobs $(JOBS) $(if $(BRIEF),--brief) $(TESTS)

.PHONY: test-scan
test-scan: venv build/scan-venv/.ready ## The gate's TLS as SSLyze and testssl.sh see it
	@scripts/install-packages scan
	@echo "== scanners of TLS"
	@$(BIN)/python -m pytest -q tests/scan

build/scan-venv/.ready: requirements-scan.lock
	@echo "== Making the scanner's Python environment in build/scan-venv (locked, with hashes)"
	@$(PYTHON) -m venv build/scan-venv
	@build/scan-venv/bin/pip install --quiet --disable-pip-version-check --require-hashes -r requirements-scan.lock
	@touch $@

.PHONY: test-fuzz
test-fuzz: build/fuzz-venv/.ready ## Everything that reads bytes from outside, under atheris (SECONDS=120 in all, TARGETS= for some of it)
	@echo "== fuzzing"
	@build/fuzz-venv/bin/python -m tests.fuzz $(if $(SECONDS),--seconds $(SECONDS)) $(TARGETS)

build/fuzz-venv/.ready: requirements-fuzz.lock
	@echo "== Making the fuzzer's Python environment in build/fuzz-venv (locked, with hashes)"
	@$(PYTHON) -m venv build/fuzz-venv
	@build/fuzz-venv/bin/pip install --quiet --disable-pip-version-check --require-hashes -r requirements-fuzz.lock
	@touch $@

test-vagrant: ## Vagrant accepts the Vagrantfile
	@scripts/install-packages vagrant
	@echo "== vagrant validate"
	@scripts/check-vagrantfile

# ---- figures ---------------------------------------------------------------------

BENCHES := apply memory failover
.PHONY: bench bench-packages $(BENCHES:%=bench-%)
bench: $(BENCHES:%=bench-%) bench-gate ## All benchmarks, each beside its peer; results in build/bench

bench-packages:
	@scripts/install-packages bench

$(BENCHES:%=bench-%): bench-%: venv bench-packages
	@$(BIN)/python -m tests.bench.$*

.PHONY: bench-gate
bench-gate: venv bench-packages ## The gate in figures, beside HAProxy (PARTS= for some of them)
	@$(BIN)/python -m tests.bench.gate $(PARTS)

.PHONY: bench-dataplane
bench-dataplane: guests bench-packages ## The packet path in figures, on Debian 13's kernel in guests (PARTS= for some of them)
	@$(BIN)/python -m tests.bench.dataplane $(PARTS)

.PHONY: bench-upload
bench-upload: guests bench-packages ## How long receipts take beside uploads that fill the line, in a guest
	@$(BIN)/python -m tests.vm run --kind free-computing 'python -m tests.bench.upload'

.PHONY: clean
clean: ## Remove what was made
	@rm -rf build .venv .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache *.egg-info
