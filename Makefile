# Each target creates what it needs: a virtual environment in .venv, dependencies, local servers in .cache.
# uv is used where it is installed, else venv and pip. Choose the Python with PYTHON=python3.13 (before the first target).

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PY := $(BIN)/python
UV := $(shell command -v uv 2>/dev/null)
JOBS ?= auto
PYTEST_ARGS ?=

export PERSISTENCE_CACHE ?= $(CURDIR)/.cache
export STORE WORKERS
# Containers like to set it; the hundreds of processes that the tests start would compile everything anew.
unexport PYTHONDONTWRITEBYTECODE

ifdef UV
can_make_venv = true
make_venv = $(UV) venv --quiet --allow-existing --python $(PYTHON) $(1)
install_into = $(UV) pip install --quiet --python $(1)/bin/python
else
can_make_venv = $(PYTHON) -c 'import venv, ensurepip'
make_venv = $(PYTHON) -m venv $(1) && $(1)/bin/python -m pip install --quiet --upgrade "pip>=25.1"
install_into = $(1)/bin/python -m pip install --quiet
endif
install = $(call install_into,$(VENV))

.PHONY: help
help: ## Show this help
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-13s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

.PHONY: demo
demo: $(VENV)/.installed $(if $(filter dynamodb-local,$(STORE)),dynamodb-local) ## Run the example shop (STORE=memory|moto|dynamodb-local, WORKERS=n)
	$(PY) -m domain_example

.PHONY: test
test: $(VENV)/.installed servers ## Run the whole test suite (JOBS=n processes, PYTEST_ARGS=...)
	$(BIN)/pytest -n $(JOBS) --maxprocesses 8 --dist worksteal $(PYTEST_ARGS)

.PHONY: check
check: $(VENV)/.installed ## Lint, formatting, types, import floors and fences, budgets of work
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/pyright
	$(BIN)/lint-imports
	$(PY) -m benchmarks.guard

# The oldest releases that pyproject.toml admits, for what leans on them most; uv resolves them, whoever installs the rest.
LOWEST_VENV := .venv-lowest
LOWEST_PY := $(LOWEST_VENV)/bin/python
LOWEST_TESTS ?= tests/golden tests/transport_faults tests/unit/cli tests/unit/cursors tests/unit/mapping tests/unit/stores \
	tests/unit/test_container.py tests/unit/test_events.py

.PHONY: test-lowest
test-lowest: $(LOWEST_VENV)/.installed ## Run the tests of what leans on dependencies, with the oldest of each
	$(LOWEST_PY) -m pytest -n $(JOBS) --maxprocesses 8 $(PYTEST_ARGS) $(LOWEST_TESTS)

# The peers live in an environment of their own: nothing that is tested depends on what they bring.
BENCH_VENV := .venv-bench
BENCH_PY := $(BENCH_VENV)/bin/python
BENCH_ARGS ?=

.PHONY: bench
bench: $(BENCH_VENV)/.installed dynamodb-local ## Run the benchmarks, side by side with peers (about 10 minutes)
	$(BENCH_PY) -m benchmarks --json .cache/benchmarks.json $(BENCH_ARGS)

.PHONY: bench-quick
bench-quick: $(BENCH_VENV)/.installed ## The same for a first impression (a minute or two)
	$(BENCH_PY) -m benchmarks --quick $(BENCH_ARGS)

.PHONY: bench-docs
bench-docs: ## Write the last results of make bench into docs/performance.md and docs/plots
	$(BENCH_PY) -m benchmarks.docs .cache/benchmarks.json

# Seconds that each simulation takes, how many work in it, and what else it is told: TORTURE_ARGS="--seed 7".
SECONDS ?= 60
CREW ?= 8
TORTURE_ARGS ?=
TORTURE = $(PY) -m tests.simulation.torture --workers $(CREW) $(TORTURE_ARGS)

.PHONY: torture
torture: $(VENV)/.installed dynamodb-local ## Faults, races, kills, mutants, storms: about 10 minutes, report in .cache/torture
	$(TORTURE) --seconds $(SECONDS)
	MODELS_TIMES=20 $(BIN)/pytest tests/models

.PHONY: torture-quick
torture-quick: $(VENV)/.installed dynamodb-local ## The same in about a minute
	$(TORTURE) --quick

# Inputs for each target: FUZZ_ARGS="--count 1000000 decode cursor".
FUZZ_ARGS ?=

.PHONY: fuzz
fuzz: $(VENV)/.installed ## Feed parsers, decoders and renderers with 100,000 inputs each (FUZZ_ARGS=...)
	$(PY) -m tests.fuzz $(FUZZ_ARGS)

# Needs the network; in an environment of its own, so that nothing that is tested depends on what it brings.
AUDIT_VENV := .venv-audit

.PHONY: audit
audit: $(VENV)/.installed $(AUDIT_VENV)/.installed ## Look for known vulnerabilities of what is installed
	@mkdir -p .cache
	$(AUDIT_VENV)/bin/python -m pip --python $(PY) list --format=freeze --exclude-editable > .cache/installed.txt
	$(AUDIT_VENV)/bin/pip-audit --requirement .cache/installed.txt --no-deps --disable-pip --strict --progress-spinner off

$(AUDIT_VENV)/.installed:
	test -x $(AUDIT_VENV)/bin/python || { $(call make_venv,$(AUDIT_VENV)); }
	$(call install_into,$(AUDIT_VENV)) pip-audit
	@touch $@

# Packages, and how many processes: MUTANTS_ARGS="evaluate --processes 4".
MUTANTS_ARGS ?=

.PHONY: mutants
mutants: $(VENV)/.installed-mutants ## Change the core in many small ways, and count what no test notices (MUTANTS_ARGS=...)
	$(PY) -m tests.mutants $(MUTANTS_ARGS)

.PHONY: docs
docs: $(VENV)/.installed-docs ## Build the documentation into site/
	$(BIN)/zensical build --clean --strict

.PHONY: format
format: $(VENV)/.installed ## Format the code, and mend what lint can mend
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

.PHONY: clean
clean: ## Remove everything that make made
	rm -rf $(VENV) $(BENCH_VENV) $(LOWEST_VENV) $(AUDIT_VENV) .cache site dist build .coverage .coverage.* htmlcov
	rm -rf .pytest_cache .mypy_cache .ruff_cache .import_linter_cache .hypothesis
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

# A missing server is a reason to skip its tests, not to fail here: the tests say the same, and fail where CI=true.
.PHONY: servers
servers: $(VENV)/.installed
	-@$(PY) -m persistence.testing fetch dynamodb-local
	-@$(PY) -m persistence.testing fetch dynalite

.PHONY: dynamodb-local
dynamodb-local: $(VENV)/.installed
	@$(PY) -m persistence.testing fetch dynamodb-local

$(VENV)/.installed: pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "Python 3.11 or newer is needed: make PYTHON=python3.13 ..."; exit 1; }
	@$(can_make_venv) || { echo "venv is needed (Debian: apt-get install python3-venv)"; exit 1; }
	test -x $(PY) || { $(call make_venv,$(VENV)); }
	$(install) --editable ".[async,cli,example,fast,testing]" --group dev
	@touch $@

$(VENV)/.installed-%: pyproject.toml $(VENV)/.installed
	$(install) --group $*
	@touch $@

$(LOWEST_VENV)/.installed: pyproject.toml
	@$(can_make_venv) || { echo "venv is needed (Debian: apt-get install python3-venv)"; exit 1; }
	test -x $(LOWEST_PY) || { $(call make_venv,$(LOWEST_VENV)); }
	$(call install_into,$(LOWEST_VENV)) uv
	$(LOWEST_PY) -m uv pip install --quiet --python $(LOWEST_PY) --resolution lowest-direct \
		--editable ".[async,cli,encryption,example,fast,testing]" --group test
	@touch $@

# bloop demands versions of boto3 and blinker from 2024; it runs with today's, so it is installed without its demands.
$(BENCH_VENV)/.installed: pyproject.toml $(VENV)/.installed
	test -x $(BENCH_PY) || { $(call make_venv,$(BENCH_VENV)); }
	$(call install_into,$(BENCH_VENV)) --editable ".[async,fast]" --group bench
	$(call install_into,$(BENCH_VENV)) --no-deps --group bench-undemanding
	@touch $@
