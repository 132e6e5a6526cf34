# Every target first makes sure that .venv is what requirements.lock says (bin/bootstrap).

SHELL := /bin/sh
.DEFAULT_GOAL := help
.PHONY: help nightly test up down check bench lock clean FORCE

READY := .venv/.ready
CACHE := $(CURDIR)/var/cache
SQL := sql

# Nothing is written outside var/ and .venv/; compiled Python is kept, so that the second start is fast.
export HYPOTHESIS_STORAGE_DIRECTORY := $(CACHE)/hypothesis
export PYTHONPYCACHEPREFIX ?= $(CACHE)/python
export TMPDIR ?= $(CURDIR)/var/tmp
unexport PYTHONDONTWRITEBYTECODE

help: ## Show the targets
	@awk -F ': .*## ' '/^[a-z]+:.*## / {printf "make %-8s %s\n", $$1, $$2}' $(firstword $(MAKEFILE_LIST))

$(READY): FORCE
	@bin/bootstrap

nightly: $(READY) ## Load tonight's data and write the report
	@.venv/bin/kho nightly

up: $(READY) ## Start the database, Airflow and the sandbox, and leave them running
	@.venv/bin/kho up

down: $(READY) ## Stop everything that nightly or up started
	@.venv/bin/kho down

test: $(READY) ## Run all tests (ARGS="-k name" narrows them)
	@.venv/bin/python -m pytest -n 2 --dist loadfile --no-loadscope-reorder $(ARGS)

check: $(READY) ## Lint and type-check
	.venv/bin/ruff check
	.venv/bin/ruff format --check
	.venv/bin/mypy
	.venv/bin/lint-imports --cache-dir var/cache/import-linter
	.venv/bin/sqlfluff lint --processes 0 --disable-progress-bar $(SQL)
	.venv/bin/kho rules catalogue --check

bench: $(READY) ## Run the benchmarks
	@.venv/bin/python -m tests.benchmarks $(ARGS)

lock: $(READY) ## Pin the newest versions that requirements*.in allow (ARGS="--upgrade")
	UV_CACHE_DIR="$(CACHE)/uv" .venv/bin/uv pip compile --quiet --universal --python-version 3.11 \
		--generate-hashes --no-emit-index-url --no-header $(ARGS) \
		requirements-dev.in --output-file requirements.lock

clean: ## Remove the environment and the caches; the data in var/ stays
	rm -rf .venv var/cache var/tmp
