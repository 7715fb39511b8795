# Needs Python 3.11+ and make; everything else is installed into .venv.
SHELL := /bin/sh
PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin
TESTS  ?= tests
# Tests mostly wait, for servers and for time to pass.
WORKERS ?= 2

.DEFAULT_GOAL := help
.PHONY: help run test test-full bench bench-access bench-assign bench-faults bench-inbox bench-intelligence bench-outbox \
  bench-sla calibration check reference \
  format lock clean

help:  ## List what there is
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "  make %-12s %s\n", $$1, $$2}'

$(VENV)/.runtime: requirements.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	  { echo "$(PYTHON) is older than 3.11; run: make PYTHON=/path/to/python3.11" >&2; exit 1; }
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV) || \
	  { echo "The venv module is missing; on Debian: apt-get install python3-venv" >&2; exit 1; }
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -r requirements.txt
	@touch $@

$(VENV)/.tests: $(VENV)/.runtime tests/requirements.txt tests/requirements-data.txt
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -r tests/requirements.txt
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps -r tests/requirements-data.txt
	@touch $@

run: $(VENV)/.runtime  ## Serve on http://127.0.0.1:8000, set up from nothing
	@$(BIN)/python wsgi.py --bootstrap

check: $(VENV)/.tests  ## Formatting, lint, types, architecture contracts
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy service providers examples/support-crm/support_crm
	$(BIN)/lint-imports --no-cache

test: check  ## Everything above, then the tests on real PostgreSQL and Redis
	$(BIN)/pytest -n $(WORKERS) --dist worksteal $(TESTS)

test-full: check  ## The tests with their large counts, which they print
	$(BIN)/pytest --full $(TESTS)

bench: $(VENV)/.tests  ## Warm intelligence throughput as a ratio to a bare floor
	$(BIN)/python -m benchmarks.warm_intelligence

bench-access: $(VENV)/.tests  ## What authentication and permissions cost on the warm path; two minutes
	$(BIN)/python -m benchmarks.access --check

bench-assign: $(VENV)/.tests  ## Tickets assigned, and figures read at a million; twelve minutes, three with PART="parallel steady handing"
	$(BIN)/python -m benchmarks.assign --check $(if $(PART),--part $(PART))

bench-faults: $(VENV)/.tests  ## What each fault costs, as a table of figure against bound; twelve minutes
	$(BIN)/python -m benchmarks.faults --check

bench-inbox: $(VENV)/.tests  ## The inbox at a thousand and a million tickets, beside its bounds; ten minutes
	$(BIN)/python -m benchmarks.inbox --check

bench-sla: bench-outbox  ## What falls due at a thousand and a million open tickets, and bench-outbox before; ten minutes
	$(BIN)/python -m benchmarks.service_levels --check

bench-intelligence: $(VENV)/.tests  ## Fits and scores of up to a million customers, and what an order costs; two minutes
	$(BIN)/python -m benchmarks.intelligence

bench-outbox: $(VENV)/.tests  ## Deliveries by 1, 2 and 4 workers beside a bare queue, and their delay; two minutes
	$(BIN)/python -m benchmarks.outbox --check

calibration: $(VENV)/.tests  ## Foretell the CDNOW holdouts; figures to the terminal, plots to docs/intelligence/
	$(BIN)/python -m benchmarks.intelligence.calibration

reference: $(VENV)/.runtime  ## Write docs/API_REQUIREMENTS.md from the OpenAPI document
	@$(BIN)/python -m docs.reference

format: $(VENV)/.tests  ## Format the code
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

lock: $(VENV)/.tests  ## Resolve requirements anew from the ranges in setup.cfg
	$(BIN)/python -m pip install --quiet --disable-pip-version-check uv
	$(BIN)/uv pip compile --quiet --universal --upgrade --python-version 3.11 --no-header --no-annotate --no-emit-index-url \
	  setup.cfg -o requirements.txt
	$(BIN)/uv pip compile --quiet --universal --upgrade --python-version 3.11 --no-header --no-annotate --no-emit-index-url \
	  --extra test -c requirements.txt setup.cfg -o tests/requirements.txt

clean:  ## Remove the environment and the caches; keeps your database in instance/
	rm -rf $(VENV) .pytest_cache .mypy_cache .ruff_cache .hypothesis build *.egg-info
