# Everything runs in .venv, which the first target that needs it sets up.

SECONDS ?= 60
SEED ?= 1
BIN := .venv/bin
# python -m finds the packages of the checkout even where a script's first line cannot.
PYTEST := $(BIN)/python -m pytest

PERMISSIONS := from mts1b_operations.events.roles import ROLES; \
    from mts1b_operations.local.nats import authorization; \
    print(authorization(ROLES, None), end="")

.DEFAULT_GOAL := help
.PHONY: help setup demo test test-slow lint schemas clean

help: ## Show this list
	@echo "make TARGET, where TARGET is"
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  %-10s %s\n", $$1, $$2 }' Makefile

setup: .venv/ready ## Set up .venv with everything that demo and tests need

.venv/ready: pyproject.toml $(wildcard uv.lock) .ci/set-up
	@sh .ci/set-up
	@touch .venv/ready

demo: .venv/ready ## Run the whole system on a simulated market: SECONDS=60 SEED=1
	@$(BIN)/mts1b-operations up --demo --seconds $(SECONDS) --seed $(SEED)

test: .venv/ready ## Run all tests that take seconds (test-slow has those that take minutes)
	@echo "==> tests: real servers on free ports of this machine; a few minutes"
	@$(PYTEST) -m "not slow"

test-slow: .venv/ready ## Run the tests that take minutes
	@echo "==> slow tests: long fault runs; several minutes"
	@$(PYTEST) -m slow

lint: .venv/ready ## Check style, types and layers
	@echo "==> style"
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@echo "==> types"
	@$(BIN)/mypy
	@echo "==> layers"
	@$(BIN)/lint-imports
	@echo "==> schemas"
	@$(BIN)/mts1b-operations schema check
	@echo "==> yaml"
	@$(BIN)/yamllint --strict compose.yaml docker

schemas: .venv/ready ## Write schemas/ and the permissions of docker/ again, from the registry
	@$(BIN)/mts1b-operations schema export
	@$(BIN)/python -c '$(PERMISSIONS)' > docker/authorization.conf

clean: ## Remove .venv and what the tools have cached; keep .mts, the demo's data
	@rm -rf .venv .pytest_cache .mypy_cache .ruff_cache .import_linter_cache .hypothesis
