# Everything one does with this repository; `make` alone lists it. Needs Python 3.11 to 3.13, Node 20 and npm.

PYTHON ?= $(shell command -v python3.11 || command -v python3.12 || command -v python3.13 || command -v python3)

BIN := .venv/bin
UV := VIRTUAL_ENV=.venv $(BIN)/uv --quiet
COMPILE = $(UV) pip compile --universal --python-version $(1) --generate-hashes \
	--no-emit-index-url --no-annotate --no-header
MAKEFLAGS += --no-print-directory --no-builtin-rules
export PYRIGHT_PYTHON_IGNORE_WARNINGS := 1

.DEFAULT_GOAL := help
.PHONY: help setup demo up test lint types imports unit integration contract e2e conformance bench faults fault-mutations lock openapi clean distclean \
	packaging infra-mutations infra-snapshots infra-scan golden-histories deaths worker-library e2e-disorder

help: ## List what can be done
	@sed -n 's/^\([a-z0-9 -]*\):.*## /\1	/p' Makefile | expand -t 32

setup: .venv/.command local/node_modules/.installed ## Make .venv and install what one machine needs; costs nothing when done
	@:

demo: setup ## Make one video, from nothing to out/*.mp4 (PROMPT="..." SECONDS=8 SIZE=720x1280)
	@$(BIN)/python -m local.demo

up: setup ## Run the whole stack until Ctrl-C (HOST=func: with Azure Functions Core Tools)
	@$(BIN)/python -m local.stack

test: lint types imports ## Check everything: lint, types, import rules, all tests
	@$(BIN)/pytest --quiet

lint: setup ## Check style and format
	@$(BIN)/ruff check --quiet
	@$(BIN)/ruff format --quiet --diff

types: setup ## Check types, strictly
	@$(BIN)/pyright

imports: setup ## Check the directions of imports
	@$(BIN)/lint-imports

unit integration contract e2e: setup ## Run one layer of the tests
	@$(BIN)/pytest --quiet tests/$@

packaging: setup ## Install and import the deployment package on every Python of 3.11 to 3.13 that is here (minutes)
	@PACKAGING=all $(BIN)/pytest --quiet tests/packaging

infra-mutations: setup ## Take each role and setting out of the Bicep once; `make test` does so for a few (minutes)
	@INFRA_MUTATIONS=all $(BIN)/pytest --quiet --numprocesses 2 tests/infra/test_mutations.py

infra-snapshots: setup ## Write the predicted resources of infra/cases anew, for review
	@$(BIN)/python -m tests.infra.compiler

infra-scan: setup ## Scan the predicted resources with checkov, the workflows with zizmor (installs both, minutes)
	@$(BIN)/python infra/checks/scan.py

e2e-disorder: setup ## Run all end-to-end tests on a host with everything wrong that may be (SEED=1; a quarter of an hour)
	@LAB_HOST_OPTIONS="--latency 0.1 1 --early-timers --duplicate 0.2 --worker-dies 0.005 --seed $(or $(SEED),1)" \
		$(BIN)/pytest --quiet --timeout 900 tests/e2e

worker-library: setup ## Run the host's own tests through azure-functions-runtime on Python 3.13 (minutes)
	@WORKER_LIBRARY=all $(BIN)/pytest --quiet tests/integration/functions_host

conformance: setup ## Compare the Functions host stand-in with what the real host answered
	@$(BIN)/python -m tests.conformance

faults: setup ## Play random schedules of faults (SCHEDULES=10000 FIRST=0); a failing seed is printed and shrunk
	@$(BIN)/python -m tests.faults --schedules $(or $(SCHEDULES),10000) --first $(or $(FIRST),0) --jobs 2

fault-mutations: setup ## Take out each guard and count the schedules until that is noticed (SCHEDULES=100)
	@$(BIN)/python -m tests.faults --mutations --schedules $(or $(SCHEDULES),100)

bench: setup ## Measure speed, fairness and more, beside something measured in the same run (SUBJECTS="host ...", minutes)
	@$(BIN)/python -m bench $(SUBJECTS)

deaths: setup ## Kill, pause and stop each part of a lab while its jobs are at ten moments (minutes)
	@DEATHS=all $(BIN)/pytest --quiet tests/integration/app/http/test_deaths.py

golden-histories: setup ## Write anew what a host holds of each course of a story under this version's code, for review
	@$(BIN)/python -m tests.replay

lock: setup ## Pin the requirements anew
	@$(call COMPILE,3.11) requirements.in --output-file requirements.txt
	@$(call COMPILE,3.11) requirements-dev.in --output-file requirements-dev.txt
	@$(call COMPILE,3.13) local/functions_host/worker-library.in --output-file local/functions_host/worker-library.txt
	@for tool in checkov zizmor; do $(call COMPILE,3.11) infra/checks/$$tool.in --output-file infra/checks/$$tool.txt; done

openapi: setup ## Write docs/openapi.json anew
	@$(BIN)/python -c 'import json; from shared import openapi, version; print(json.dumps(openapi.document(version.VERSION), indent=2))' \
		> docs/openapi.json

clean: ## Remove all local state: .lab, out and every cache
	@$(PYTHON) -m local.stack.idle
	@rm -rf .lab out htmlcov .coverage* .pytest_cache .ruff_cache .hypothesis .import_linter_cache
	@find . -path ./.venv -prune -o -path ./local/node_modules -prune -o -name __pycache__ -prune -exec rm -rf {} +

distclean: clean ## Remove also what `make setup` installed
	@rm -rf .venv local/node_modules

# Each stamp stands for one step of the set-up and is older than what the step was made from only when it must be redone.

.venv/.made: local/bootstrap.txt
	@$(PYTHON) -c 'import sys; sys.exit(not (3, 11) <= sys.version_info < (3, 14))' 2>/dev/null \
		|| { echo 'make: Python 3.11, 3.12 or 3.13 is needed; name it with PYTHON=/path/to/python3.11' >&2; exit 1; }
	@echo 'making .venv'
	@$(PYTHON) -m venv .venv >/dev/null \
		|| { echo 'make: $(PYTHON) cannot make a virtual environment (Debian: apt install python3-venv)' >&2; exit 1; }
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --requirement local/bootstrap.txt
	@touch $@

.venv/.packages: .venv/.made requirements-dev.txt
	@echo 'installing Python packages'
	@$(UV) pip sync --require-hashes requirements-dev.txt
	@touch $@

.venv/.command: .venv/.packages pyproject.toml
	@$(UV) pip install --no-deps --no-build-isolation --editable .
	@touch $@

local/node_modules/.installed: local/package.json local/package-lock.json
	@node -e 'process.exit(+(parseInt(process.versions.node) < 20))' 2>/dev/null && command -v npm >/dev/null \
		|| { echo 'make: Node.js 20 or later and npm are needed on the PATH' >&2; exit 1; }
	@echo 'installing Azurite'
	@npm ci --prefix local --ignore-scripts --no-audit --no-fund --loglevel=error
	@touch $@
