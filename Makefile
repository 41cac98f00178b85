# The two commands that matter: `make serve` and `make test`. `make help` lists all.
.DEFAULT_GOAL := help
.PHONY: help serve test check format bench bench-heavy-reads demo clean
.PHONY: test-environment test-programs static quick-tests node-clients openapi-generator client-wheels release-tools
BIN := .venv/bin
# Processes of tests. Some tests wait: one more than there are cores may be faster.
WORKERS := auto
# Compiled once and kept, also where the environment says not to. Where it has `CI`, pytest compares
# long texts to their end, which takes minutes.
PYTEST = env -u PYTHONDONTWRITEBYTECODE -u CI -u BUILD_NUMBER TMPDIR="$$(scripts/quick-folder $(GIGABYTES))" \
    $(BIN)/pytest -n $(WORKERS) --dist=worksteal

help: ## Show this list
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## /  make \1\t/'

serve: ## Set up what is missing, then serve on http://127.0.0.1:8000 with SQLite
	@scripts/environment run
	@# Compiled once and kept, also where the environment says not to: half of a start.
	@env -u PYTHONDONTWRITEBYTECODE $(BIN)/quantimodo serve

demo: ## Run the main flow against a running `make serve`, request by request
	@scripts/environment run
	@$(BIN)/quantimodo demo

check: ## Format, lint, types, import contracts, and quick tests on SQLite: under a minute
	@scripts/environment test
	@# Beside each other, each with its output in one piece. Both run to their end, also when one fails.
	@$(MAKE) --no-print-directory --keep-going --jobs=2 --output-sync=recurse static quick-tests

test: ## Everything: real PostgreSQL, headless Chromium, npm clients, races and crashes
	@$(MAKE) --no-print-directory --jobs=2 test-environment test-programs
	@$(MAKE) --no-print-directory --jobs=4 static node-clients openapi-generator client-wheels release-tools
	@# A transaction that waits for the disk waits longer than most tests take.
	$(PYTEST)

test-environment:
	@scripts/environment test

test-programs:
	@scripts/system-packages chromium=chromium node=nodejs npm=npm curl=curl jq=jq openssl=openssl \
	    /usr/sbin/apache2=apache2-bin \
	    /usr/lib/apache2/modules/mod_auth_openidc.so=libapache2-mod-auth-openidc \
	    /usr/sbin/nginx=nginx caddy=caddy /usr/sbin/haproxy=haproxy \
	    javac=default-jdk-headless mvn=maven promtool=prometheus

quick-tests: GIGABYTES = 1
test: GIGABYTES = 4

static:
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy

quick-tests:
	$(PYTEST) -q -m "not postgres and not browser and not node and not slow and not full"

node-clients openapi-generator client-wheels release-tools:
	@scripts/$@

format: ## Format the code and fix what the linter can fix
	@scripts/environment test
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

bench: ## Requests a second on one core, both engines, beside peers (Debian's wrk is needed)
	@scripts/environment test
	@scripts/system-packages wrk=wrk
	$(BIN)/python bench/bench.py
	$(BIN)/python bench/measurements.py

bench-heavy-reads: ## Token requests beside heavy reads, both engines: fails unless p99 stays below 3 times the quiet one
	@scripts/environment test
	$(BIN)/python bench/heavy_reads.py

clean: ## Remove the environment and what tests left; keeps var/ with its database
	rm -rf .venv .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache tests/node/node_modules .make/examples
