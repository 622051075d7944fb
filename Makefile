# make help lists the verbs.
.DEFAULT_GOAL := help
.PHONY: help demo env dev kafka verapdf test coverage check test-e2e test-real test-browser chaos mutants bench screenshot new-detector docs lock clean
SHELL := /bin/bash
# The tests start hundreds of processes: each would compile all of PayGuard again.
unexport PYTHONDONTWRITEBYTECODE

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
FOR ?=
NAME ?=
ARGS ?=
# One more than the cores of a small machine: the end-to-end tests mostly wait.
WORKERS ?= 3
# Each has a broker, a store and a database server of its own.
REAL_WORKERS ?= 2
RUN_TIME := $(VENV)/.installed
DEV := $(VENV)/.installed-dev
AXE := tests/browser/build/axe.min.js
AXE_VERSION := 4.14.1
KAFKA_JARS := deploy/kafka/build/.fetched
VERAPDF_JARS := deploy/verapdf/build/.fetched
NOT_HERE := not real and not chaos and not browser and not bench
QUICK := not e2e and $(NOT_HERE)
# What kills processes or asserts how long something takes has nothing beside it.
ALONE := (chaos or timed)

help: ## show this list
	@awk -F':.*## ' '/^[a-z0-9-]+:.*## /{printf "  %-14s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

demo: $(RUN_TIME) ## everything on this laptop, with people and attackers; FOR=60 stops after 60 s of live play and prints the ledger
	@$(BIN)/payguard up --demo $(if $(FOR),--for $(FOR))

env: $(RUN_TIME) ## create .venv with what PayGuard needs to run

dev: $(DEV) ## create .venv with what the checks and tests need too

test: $(DEV) ## the tests that run anywhere, on the embedded parts; ARGS='-k name' narrows
	@$(BIN)/python -m pytest -q -n $(WORKERS) --dist loadfile --no-loadscope-reorder -m "$(QUICK)" $(ARGS)

coverage: $(DEV) ## how much of the code the tests of `make test` and `make test-e2e` run, branches counted
	@$(BIN)/python -m pytest -q -n $(WORKERS) --dist loadfile --no-loadscope-reorder -m "$(NOT_HERE)" --cov --cov-report=term $(ARGS)

test-e2e: $(DEV) ## stories of whole processes on the embedded parts, from event to letter
	@$(BIN)/python -m pytest -q -n $(WORKERS) --dist loadfile --no-loadscope-reorder -m "e2e and not timed and $(NOT_HERE)" $(ARGS) || [ $$? -eq 5 ]
	@$(BIN)/python -m pytest -q -m "e2e and timed and $(NOT_HERE)" $(ARGS) || [ $$? -eq 5 ]

check: $(DEV) ## lint, format, types, import rules and house rules
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports --no-cache
	$(BIN)/python .ci/house.py

test-real: $(DEV) ## the tests on Apache Kafka, Redis and PostgreSQL, short chaos included
	@$(BIN)/python -m pytest -q -n $(REAL_WORKERS) --dist loadfile --no-loadscope-reorder -m "real and not $(ALONE) and not bench" $(ARGS) || [ $$? -eq 5 ]
	@$(BIN)/python -m pytest -q -m "(real or chaos) and $(ALONE) and not bench" $(ARGS) || [ $$? -eq 5 ]

# Checks of accessibility in the browser; tests alone need it, and say so where it is missing.
$(AXE):
	@mkdir -p $(@D) && cd $(@D) && npm pack --silent axe-core@$(AXE_VERSION) > /dev/null \
	  && tar -xzf axe-core-$(AXE_VERSION).tgz --strip-components=1 package/axe.min.js && rm axe-core-$(AXE_VERSION).tgz \
	  || echo "axe-core $(AXE_VERSION) could not be had by npm: the tests that need it are skipped"

test-browser: $(DEV) $(AXE) ## the pages in headless Chromium (Debian: chromium, chromium-driver)
	@$(BIN)/python -m pytest -q -m browser $(ARGS)

chaos: $(DEV) ## the long chaos suite: kill -9 of everything, many times
	@PAYGUARD_CHAOS=long $(BIN)/python -m pytest -q -m chaos --timeout 3600 $(ARGS)

mutants: $(DEV) ## change critical modules and count what their tests notice; ARGS='--only services/stream/fence.py'
	@$(BIN)/python -m tests.mutants $(ARGS)

bench: $(RUN_TIME) ## throughput and latency on this machine; ARGS='--json' for figures
	@$(BIN)/payguard bench $(ARGS)

screenshot: $(DEV) ## make the pictures of the README and of the pages again
	@$(BIN)/python docs/screenshot.py
	@$(BIN)/python docs/page_pictures.py
	@$(BIN)/python docs/desk_pictures.py

new-detector: $(RUN_TIME) ## write a detector and its test to fill in: NAME=my_rule
	@[ -n "$(NAME)" ] || { echo "say which: make new-detector NAME=my_rule" >&2; exit 2; }
	@$(BIN)/python -m detectors.new "$(NAME)"

docs: $(DEV) ## write the generated pages and schemas again
	@$(BIN)/python docs/generate.py

kafka: $(KAFKA_JARS) ## fetch Apache Kafka's jars for the tests on the real broker (Java 17, Maven)

verapdf: $(VERAPDF_JARS) ## fetch veraPDF's jars for the test that evidence packs are PDF/A (Java 17, Maven)

lock: $(DEV) ## write the locked requirements again from pyproject.toml; ARGS=--upgrade takes newer ones
	@$(BIN)/python .ci/lock.py $(ARGS)

clean: ## remove the environment, caches and fetched jars
	rm -rf $(VENV) build dist *.egg-info deploy/kafka/build deploy/verapdf/build .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

$(VENV)/bin/python:
	@.ci/new-environment "$(PYTHON)" "$(VENV)"

$(RUN_TIME): requirements.txt pyproject.toml | $(VENV)/bin/python
	@echo "Installing PayGuard's requirements into $(VENV)"
	@.ci/install-requirements $(BIN)/python requirements.txt
	@$(BIN)/python -m pip install --disable-pip-version-check -q --no-deps --no-build-isolation -e .
	@touch $@

$(DEV): requirements-dev.txt $(RUN_TIME)
	@echo "Installing what the checks and tests need into $(VENV)"
	@.ci/install-requirements $(BIN)/python requirements-dev.txt
	@touch $@

$(KAFKA_JARS): deploy/kafka/pom.xml
	@echo "Fetching Apache Kafka's jars"
	@cd deploy/kafka && mvn -B -q -ntp package
	@touch $@

$(VERAPDF_JARS): deploy/verapdf/pom.xml
	@echo "Fetching veraPDF's jars"
	@cd deploy/verapdf && mvn -B -q -ntp package
	@touch $@
