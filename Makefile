# Every command of this project. `make help` lists them; each sets up what it needs by itself.

.DEFAULT_GOAL := help
.SUFFIXES:
MAKEFLAGS += --no-print-directory
SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c

# The two minor versions that the type runs on. PYTHON overrides the choice of the interpreter.
PYTHON ?= $(shell tools/find_python.sh 3.11 3.12)
MINOR := $(if $(PYTHON),$(shell "$(PYTHON)" -c 'import sys; print("%d.%d" % sys.version_info[:2])'))
OTHER_MINOR := $(if $(filter 3.11,$(MINOR)),3.12,3.11)
OTHER_PYTHON := $(shell tools/find_python.sh $(OTHER_MINOR))

VENV := .venv
OTHER_VENV := .venv-$(OTHER_MINOR)
BIN := $(VENV)/bin
READY := $(VENV)/.ready
OTHER_READY := $(OTHER_VENV)/.ready
# The servers' drivers have an environment of their own, which nothing else waits for.
ENGINES_VENV := .venv-engines
ENGINES_READY := $(ENGINES_VENV)/.ready
# So have the checkers of templates and of packages: checkov pins much of what the rest needs newer.
CHECKERS_VENV := .venv-checkers
CHECKERS_READY := $(CHECKERS_VENV)/.ready
# So have the searches that take long: fuzzing guided by coverage, and mutation.
LONG_VENV := .venv-long
LONG_READY := $(LONG_VENV)/.ready
UV_VERSION := 0.13.9

export PYTHONPATH := src:.
# Nothing here may reach the user's own AWS account, save for `make submit` by itself.
ifneq ($(MAKECMDGOALS),submit)
unexport AWS_PROFILE AWS_ACCESS_KEY_ID AWS_SECRET_ACCESS_KEY AWS_SESSION_TOKEN AWS_ENDPOINT_URL
export AWS_CONFIG_FILE := /dev/null
export AWS_SHARED_CREDENTIALS_FILE := /dev/null
export AWS_EC2_METADATA_DISABLED := true
endif

RUN := $(BIN)/python
# The contract tests have a step of their own, so that what they say of themselves is seen.
# Those of tests/engines need servers: `make test-engines`. In the order of their folders, the long
# ones come first, and both processes end together.
PYTEST = $(RUN) -m pytest --numprocesses=2 --dist=loadfile --no-loadscope-reorder \
	--ignore=tests/contract --ignore=tests/engines

# What is about documents, templates, packaging, tools and the local AWS, or searches for what nobody
# thought of, is run on one Python: once is enough. So are tables of 1,000 rows. Where there are two
# Pythons, it is the one without coverage, which makes each step dearer.
ONCE := bench examples guide leaks local observe packaging permissions publish \
	concurrency faults fuzz model
ifneq ($(OTHER_PYTHON),)
coverage: export OLD_ROWS := 100
coverage: PYTEST += $(foreach folder,$(ONCE),--ignore=tests/$(folder))
endif

say = @printf '\n\033[1m== %s\033[0m\n' "$(1)"

.PHONY: help
help: ## This list
	@awk -F ':.*## ' '/^[a-z0-9-]+:.*## / {printf "make %-12s %s\n", $$1, $$2}' Makefile

# --- Use ---------------------------------------------------------------------------------------

.PHONY: demo
demo: $(READY) ## The whole story on an embedded AWS: deploy, rotate, roll back, delete
	@$(RUN) -m local demo

.PHONY: local
local: $(READY) ## Leave the embedded AWS running and say how to deploy a template there
	@$(RUN) -m local serve

.PHONY: bench
bench: $(READY) ## Cold and warm beside boto3 and others; ARGS="--rounds 5 --only warm"
	@$(RUN) -m bench $(ARGS)

.PHONY: load
load: $(READY) ## 40 consumers read 100 secrets at once while AWS throttles; ARGS="--secrets 10"
	@$(RUN) -m bench.load $(ARGS)

.PHONY: scale
scale: $(READY) ## Lists and commands over 100,000 records; ARGS="--records 10000 --commands all"
	@$(RUN) -m bench.scale $(ARGS)

.PHONY: package
package: $(READY) ## Build the zip that `cfn submit` would upload (needs pip's index, no AWS)
	@$(RUN) -m tools.package .

.PHONY: submit
submit: $(READY) ## Look whether all is there, then `cfn submit`; ARGS="--region eu-west-1 --dry-run"
	@$(RUN) -m tools.submit $(ARGS)

.PHONY: reader
reader: $(READY) ## Build the zip of the reader function, build/reader.zip (no AWS)
	@$(RUN) -m tools.function_package reader

.PHONY: mirror
mirror: $(READY) ## Build the zip of the mirror function, build/mirror.zip (no AWS)
	@$(RUN) -m tools.function_package mirror

.PHONY: sbom
sbom: $(READY) ## Write the software bill of materials, build/sbom.cdx.json (CycloneDX)
	@$(RUN) -m tools.sbom

# --- Check -------------------------------------------------------------------------------------

.PHONY: test
test: lint security types schema generated other-python contract coverage ## What CI checks, save test-engines, check-templates and audit

.PHONY: lint
lint: $(READY) ## Style of the code (ruff) and of the templates (cfn-lint with our own rules)
	$(call say,Lint)
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(RUN) -m myorg_secrets.lint --non-zero-exit-code informational -- \
		infrastructure/*.yml examples/*.yml examples/import/*.yml template.yml

.PHONY: security
security: $(READY) ## bandit over all code that is no test
	$(call say,Security)
	@$(BIN)/bandit --quiet --configfile pyproject.toml --recursive src local tools bench plugin

.PHONY: types
types: $(READY) ## mypy --strict
	$(call say,Types)
	@$(BIN)/mypy $(wildcard src local tools bench plugin)

.PHONY: schema
schema: $(READY) ## cfn validate and guard-rail, without a warning; and growth since each release
	$(call say,Schema)
	@$(RUN) -m tools.check_schema
	@$(RUN) -m tools.check_growth

.PHONY: generated
generated: $(READY) ## Whether the generated files are up to date
	$(call say,Generated files)
	@$(RUN) -m tools.check_generated

.PHONY: contract
contract: $(READY) ## The contract tests of the CloudFormation CLI
	$(call say,cfn test on Python $(MINOR))
	@$(RUN) -m pytest --capture=no --quiet tests/contract

.PHONY: unit
unit: $(READY) ## All other tests, without coverage; ARGS="-k name" and the like go to pytest
	$(call say,Tests on Python $(MINOR))
	@$(PYTEST) $(ARGS)

.PHONY: model
model: SEED := $(shell date +%s)
model: $(READY) ## Other random histories and races, and more; TIMES=100 SEED=1 ARGS="-k lost"
	$(call say,Model and races with SEED=$(SEED) on Python $(MINOR))
	@MODEL_SEED=$(SEED) MODEL_TIMES=$(or $(TIMES),10) $(RUN) -m pytest --numprocesses=2 \
		--hypothesis-seed=$(SEED) tests/model tests/concurrency $(ARGS)

.PHONY: coverage
coverage: $(READY) ## The tests of code with branch coverage, 95 % at the least
	$(call say,Tests on Python $(MINOR) with branch coverage)
	@$(PYTEST) --cov --cov-report=term-missing

.PHONY: other-python
ifeq ($(OTHER_PYTHON),)
other-python:
	$(call say,Python $(OTHER_MINOR) is not on this machine: everything runs on Python $(MINOR) alone)
else
other-python: $(OTHER_READY) ## All tests of code on the other of Python 3.11 and 3.12, where present
	@$(MAKE) contract unit VENV=$(OTHER_VENV) PYTHON="$(OTHER_PYTHON)"
endif

.PHONY: faults
faults: $(READY) ## Every fault of every call, with all that follows each time; ARGS="-k create"
	$(call say,Faults on Python $(MINOR))
	@FAULTS=all $(PYTEST) --dist=load tests/faults $(ARGS)

.PHONY: test-engines
test-engines: $(ENGINES_READY) ## Log in to real servers (make servers); SERVERS="redis" takes some
	$(call say,Real servers on Python $(MINOR))
	@$(ENGINES_VENV)/bin/python -m pytest --confcutdir=tests/engines --servers="$(SERVERS)" \
		tests/engines $(ARGS)

.PHONY: fuzz
fuzz: $(LONG_READY) ## Break inputs for a long time, guided by coverage; ARGS="--seconds 300 event item"
	$(call say,Fuzzing on Python $(MINOR))
	@$(LONG_VENV)/bin/python -m tests.fuzz $(ARGS)

.PHONY: mutation
mutation: $(READY) $(LONG_READY) ## Change the code a little: do the tests see it? ARGS="policy store"
	@nice -n 15 $(RUN) -m tools.mutation $(LONG_VENV)/bin/mutmut $(ARGS)

.PHONY: servers
servers: ## Install what test-engines starts, from Debian's packages, as root
	@"$(PYTHON)" -m tools.install_servers $(SERVERS)

.PHONY: check-templates
check-templates: $(READY) $(CHECKERS_READY) ## checkov over infrastructure/ and examples/
	$(call say,Templates)
	@$(RUN) -m tools.check_templates $(CHECKERS_VENV)/bin/checkov

.PHONY: audit
audit: $(READY) $(CHECKERS_READY) ## Known vulnerabilities of what the locks pin (asks PyPI)
	$(call say,Vulnerabilities)
	@$(RUN) -m tools.audit $(CHECKERS_VENV)/bin/pip-audit

# --- Keep up -----------------------------------------------------------------------------------

.PHONY: format
format: $(READY) ## Let ruff mend style and format
	@$(BIN)/ruff check --fix .
	@$(BIN)/ruff format .

.PHONY: generate
generate: $(READY) ## Remake models.py, docs/ and what else is generated
	@PATH="$(CURDIR)/$(BIN):$$PATH" cfn generate
	@rm -f rpdk.log*
	@$(RUN) -m tools.engines_guide
	@$(RUN) -m tools.cost_guide
	@$(RUN) -m tools.scale_guide
	@$(RUN) -m tools.command_line_guide
	@$(RUN) -m tools.faults_guide
	@$(RUN) -m tools.security_guide
	@$(RUN) -m tools.speed_guide
	@$(RUN) -m tools.stackset

.PHONY: lock
lock: ## Remake requirements*.txt from requirements*.in; UPGRADE=--upgrade for newer releases
	@[ -x .venv-lock/bin/uv ] || "$(PYTHON)" -m venv .venv-lock
	@.venv-lock/bin/python -m pip install --quiet --disable-pip-version-check uv==$(UV_VERSION)
	@.venv-lock/bin/uv pip compile --quiet $(UPGRADE) --annotation-style line \
		--custom-compile-command "make lock" --universal --python-version 3.11 \
		requirements.in requirements-dev.in --output-file requirements-dev.txt
	@.venv-lock/bin/uv pip compile --quiet --annotation-style line \
		--custom-compile-command "make lock" --python-platform x86_64-manylinux_2_28 \
		--python-version 3.12 --constraints requirements-dev.txt \
		requirements.in --output-file requirements.txt
	@.venv-lock/bin/uv pip compile --quiet $(UPGRADE) --annotation-style line \
		--custom-compile-command "make lock" --universal --python-version 3.11 \
		--constraints requirements-dev.txt \
		requirements-engines.in --output-file requirements-engines.txt
	@.venv-lock/bin/uv pip compile --quiet $(UPGRADE) --annotation-style line \
		--custom-compile-command "make lock" --universal --python-version 3.11 \
		requirements-checkers.in --output-file requirements-checkers.txt
	@.venv-lock/bin/uv pip compile --quiet $(UPGRADE) --annotation-style line \
		--custom-compile-command "make lock" --universal --python-version 3.11 \
		--constraints requirements-dev.txt \
		requirements.in requirements-dev.in requirements-long.in --output-file requirements-long.txt

.PHONY: clean
clean: ## Remove environments, caches and what the tools leave behind
	@rm -rf .venv .venv-* build htmlcov .hypothesis .mypy_cache .pytest_cache .ruff_cache
	@rm -f *.zip .coverage .coverage.* rpdk.log* guard-rail.log*
	@find . -name __pycache__ -type d -prune -exec rm -rf {} +

# --- Environments ------------------------------------------------------------------------------

# The lock names every package, so pip has nothing to resolve (and must not try: guard-rail's own
# pins cannot be met, see requirements-dev.in). Python compiles what is loaded; most of it never is.
$(READY) $(ENGINES_READY) $(CHECKERS_READY) $(LONG_READY): INTERPRETER = $(PYTHON)
$(OTHER_READY): INTERPRETER = $(OTHER_PYTHON)
$(READY) $(OTHER_READY): requirements-dev.txt plugin/pyproject.toml
# What packages the type is not on pip's index: it is in this tree.
$(READY) $(OTHER_READY): PLUGIN = --editable ./plugin
$(ENGINES_READY): requirements-engines.txt
$(CHECKERS_READY): requirements-checkers.txt
$(LONG_READY): requirements-long.txt
$(READY) $(OTHER_READY) $(ENGINES_READY) $(CHECKERS_READY) $(LONG_READY):
	@[ -n "$(INTERPRETER)" ] || { echo "This needs Python 3.11 or 3.12: make PYTHON=/path/to/it" >&2; exit 1; }
	@[ ! -L $(@D) ] || { echo "$(@D) is a link, and what it leads to would be emptied. Remove the link." >&2; exit 1; }
	@echo "Setting up $(@D) with $(INTERPRETER) ..."
	@"$(INTERPRETER)" -m venv --clear $(@D)
	@$(@D)/bin/python -m pip install --quiet --disable-pip-version-check --no-compile --no-deps \
		--requirement $<
	@$(if $(PLUGIN),$(@D)/bin/python -m pip install --quiet --disable-pip-version-check --no-deps $(PLUGIN))
	@touch $@
