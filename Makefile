# One region on this machine, and everything that keeps the tree honest. `make help` lists it.

UV := $(or $(shell command -v uv 2>/dev/null),.uv/bin/uv)
BIN := .venv/bin
# Changed settings or versions make the environment stale; nothing else does. Who only runs a region does not
# fetch the tools of those who change it.
SYNCED := .venv/.synced
SYNCED_TO_RUN := .venv/.synced-to-run

.PHONY: help up demo test check bench proto sync \
	check-format check-lint check-types check-imports check-contracts check-generated
.DEFAULT_GOAL := help

help: ## this list
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "  make %-7s %s\n", $$1, $$2 }' Makefile
	@echo
	@echo "  FRESH=1 make up      starts with empty stores; MESH_STATE=folder keeps them elsewhere than .region/"

up: $(SYNCED_TO_RUN) ## start a whole region, walk through it, keep it running until Ctrl-C
	@$(BIN)/mesh up --with-parent

demo: $(SYNCED_TO_RUN) ## start a region, walk through it, stop; the exit status is the truth
	@$(BIN)/mesh demo --with-parent

test: $(SYNCED) ## all tests, on real servers; with CI=true a missing browser is a failure
	@$(BIN)/pytest --numprocesses=auto --no-loadscope-reorder $(ARGS)

check: $(SYNCED) ## format, lint, types, law of imports, contracts, generated code
	@$(MAKE) --no-print-directory --keep-going check-format check-lint check-types check-imports \
		check-contracts check-generated

bench: $(SYNCED) ## the figures of this machine, as a table
	@$(BIN)/python -m tests.bench $(ARGS)

proto: $(SYNCED) ## write proto/gen from the contracts
	@$(BIN)/python proto/generate.py

sync: $(SYNCED) ## make the environment (.venv) as uv.lock says

$(SYNCED): pyproject.toml uv.lock | $(UV)
	@echo "making .venv as uv.lock says; the first time this takes some minutes"
	@$(UV) sync --frozen --quiet --compile-bytecode
	@touch $@ $(SYNCED_TO_RUN)

$(SYNCED_TO_RUN): pyproject.toml uv.lock | $(UV)
	@echo "making .venv as uv.lock says, without the tools for developers; the first time this takes a while"
	@$(UV) sync --frozen --quiet --compile-bytecode --inexact --no-group dev
	@touch $@

.uv/bin/uv:
	@echo "uv is not installed; fetching it into .uv/"
	@python3 -m venv .uv || { echo "python3 cannot make environments: install python3-venv, or uv itself"; exit 1; }
	@.uv/bin/pip install --quiet --disable-pip-version-check uv

check-format:
	@$(BIN)/ruff format --check --quiet . || { echo "format: run \`$(BIN)/ruff format\`"; exit 1; }
	@echo "  ✓ format"

check-lint:
	@$(BIN)/ruff check --quiet .
	@echo "  ✓ lint"

check-types:
	@$(BIN)/mypy --no-error-summary
	@echo "  ✓ types"

check-imports:
	@found=$$($(BIN)/lint-imports --no-cache --no-logo) || { echo "$$found"; exit 1; }
	@echo "  ✓ imports"

check-contracts:
	@$(BIN)/buf lint proto/gen/school/contracts.binpb --config proto/buf.yaml
	@$(BIN)/buf breaking proto/gen/school/contracts.binpb --against proto/released.binpb --config proto/buf.yaml
	@echo "  ✓ contracts"

check-generated:
	@$(BIN)/python proto/generate.py --check
	@echo "  ✓ generated code"
