# Sekisho. Two commands to know: `make demo` and `make test`. `make help` lists the rest.
SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DELETE_ON_ERROR:
.DEFAULT_GOAL := help

PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin
JOBS ?= $(shell nproc)
# Many tests wait for most of their time.
WORLDS ?= $(shell expr 2 '*' $(JOBS))
# Whoever has it set pays for it: each of the machines' processes would compile what it imports.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: help
help: ## What can be made
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-14s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

# ---- what everything stands on ---------------------------------------------

.PHONY: packages venv
packages:
	@scripts/install-packages router host lab browser lint

venv: packages $(VENV)/.ready
	@# Without byte code each of our processes would carry its own compiler's remains; machines of the lab write none.
	@$(BIN)/python -m compileall -q appliance webui tests/lab tests/scenarios

$(VENV)/.ready: requirements-dev.lock pyproject.toml
	@echo "== Making the Python environment in $(VENV) (locked, with hashes)"
	@$(PYTHON) -m venv $(VENV)
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements-dev.lock
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	@touch $@

.PHONY: lock
lock: ## Renew the lock files from pyproject.toml
	@$(PYTHON) -m venv build/lock-venv && build/lock-venv/bin/pip install --quiet uv
	@build/lock-venv/bin/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-header \
	    --extra dev --extra lab pyproject.toml --output-file requirements-dev.lock
	@build/lock-venv/bin/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-header \
	    --extra install pyproject.toml --output-file requirements.lock
	@build/lock-venv/bin/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-header \
	    --constraint requirements.lock --extra install --extra lab pyproject.toml --output-file requirements-lab.lock
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

# One at a time, so that at the end nobody waits for a row of them behind one worker.
IN_WORLDS = $(BIN)/python -m tests.again -q -n $(WORLDS) --maxschedchunk 1

.PHONY: lint test-unit test-scenarios test-long test-browser test-vm test-vagrant vagrant-box
lint: venv ## Style, types, architecture, shell
	@echo "== ruff, mypy, import-linter, shellcheck"
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports
	@git ls-files -z | xargs -0 grep -lZE '^#!/(bin/|usr/bin/env )(ba)?sh' | xargs -0 -r shellcheck -x

test-unit: venv ## Unit tests (they mirror the packages)
	@echo "== unit tests"
	@$(BIN)/python -m tests.again -q -n $(WORLDS) --dist worksteal -m 'not real_kernel' tests/unit tests/fuzz

test-scenarios: venv ## The appliance in its network world, one file per scenario (LONG=1 with those of `make test-long`)
	@echo "== scenarios"
	@$(IN_WORLDS) -m 'not real_kernel$(if $(LONG),, and not long)' tests/scenarios

test-long: venv ## The scenarios that wait for a minute or more
	@echo "== long scenarios"
	@$(IN_WORLDS) -m 'long and not real_kernel' tests/scenarios

test-browser: venv build/npm/.ready ## The pages in Chromium: stories, axe-core, HTML; pictures in build/screenshots
	@echo "== browser tests"
	@$(BIN)/python -m tests.again -q -n $(WORLDS) --dist worksteal tests/browser

.PHONY: guide
guide: venv build/npm/.ready ## The pictures of the documents, taken anew from today's pages
	@SEKISHO_GUIDE=write $(BIN)/python -m pytest -q tests/browser/test_wizard.py tests/browser/test_firmware.py tests/browser/test_support_company_is_let_in.py \
	    'tests/browser/test_lights.py::test_every_state_fits_its_screen[desktop-1280-900-ja]'

build/npm/.ready: tests/browser/npm/package.json tests/browser/npm/package-lock.json tests/browser/npm/.npmrc
	@echo "== Getting axe-core, html-validate and acorn by npm (locked, with hashes)"
	@command -v npm > /dev/null || scripts/install-packages html
	@mkdir -p build/npm
	@cp $^ build/npm
	@cd build/npm && npm ci --silent
	@touch $@

.PHONY: guests
guests: venv
	@scripts/install-packages vm
	@scripts/vm-root
	@JOBS=$(JOBS) scripts/vm-kernel

test-vm: guests ## The same on the real kernel of Debian 13: scenarios, the unit tests that ask the kernel (TESTS= for some of them, BRIEF=1 for what only it can play)
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

vagrant-box: ## A box for Vagrant's libvirt provider, where none can be downloaded, in build/image/box
	@scripts/install-packages image-host vagrant hypervisor
	@scripts/vagrant-box

# ---- figures ---------------------------------------------------------------------

BENCHES := apply memory failover
.PHONY: bench bench-packages $(BENCHES:%=bench-%)
bench: $(BENCHES:%=bench-%) bench-gate bench-web ## All benchmarks, each beside its peer; results in build/bench

bench-packages:
	@scripts/install-packages bench

$(BENCHES:%=bench-%): bench-%: venv bench-packages
	@$(BIN)/python -m tests.bench.$*

.PHONY: bench-gate
bench-gate: venv bench-packages ## The gate in figures, beside HAProxy and nginx (PARTS= for some of them)
	@$(BIN)/python -m tests.bench.gate $(PARTS)

.PHONY: bench-web
bench-web: venv ## The page in figures, beside a model of LuCI's polling
	@$(BIN)/python -m tests.bench.web

.PHONY: bench-dataplane
bench-dataplane: guests bench-packages ## The packet path in figures, on Debian 13's kernel in guests (PARTS= for some of them)
	@$(BIN)/python -m tests.bench.dataplane $(PARTS)

.PHONY: bench-upload
bench-upload: guests bench-packages ## How long receipts take beside uploads that fill the line, in a guest
	@$(BIN)/python -m tests.vm run --kind free-computing 'python -m tests.bench.upload'

.PHONY: bench-kernel-tls
bench-kernel-tls: guests bench-packages ## Whether the kernel's TLS would do the gate's work with less, in a guest
	@$(BIN)/python -m tests.vm run --kind counted-copies 'python -m tests.bench.kernel_tls'

# ---- the firmware -----------------------------------------------------------------

.PHONY: image test-image soak-image bench-image
image: venv ## The firmware: a signed disk image in build/image/output (VERSION=, HARDWARE=, SECURE_BOOT_KEY=, see docs/firmware.md)
	@scripts/install-packages image-host
	@scripts/image

IN_EMULATION = $(BIN)/python -m pytest -q -rP

test-image: image ## The firmware on an emulated machine with Secure Boot (LONG=1 with what waits on purpose, STARTS=1 after one of three power cuts); consoles in build/image/run
	@echo "== the firmware, emulated"
	@SEKISHO_STARTS=$(STARTS) $(IN_EMULATION) $(if $(LONG),,-m 'not long') tests/image

soak-image: image ## The power is cut at 50 random points of an update (CUTS=, STARTS= for fewer, SEED=); log in build/image/soak
	@SEKISHO_CUTS=$(or $(CUTS),50) SEKISHO_STARTS=$(STARTS) SEKISHO_SEED=$(or $(SEED),$$RANDOM) \
	    $(IN_EMULATION) -s tests/image/test_power_is_cut.py

bench-image: image ## The firmware in figures: sizes, an update, start and memory beside a plain Debian
	@$(BIN)/python -m tests.bench.image

.PHONY: clean
clean: ## Remove what was made
	@rm -rf build .venv .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache *.egg-info
