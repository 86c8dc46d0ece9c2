# Two commands are enough: `make demo` shows the product, `make test` passes its tests. Both install what they need.

PYTHON ?= python3
BIN := .venv/bin
WITH_NODE := scripts/with-node

WEB_SOURCES := $(shell find web/src web/public web/index.html web/vite.config.ts -type f 2>/dev/null)
MODEL := attendance/counting/models/centerface.onnx
APP := api/static/index.html
# A few workers; one worker runs all tests of a file. Most tests wait for real cameras, processes and pages.
WORKERS ?= 3
TESTS := $(BIN)/python -m pytest --numprocesses $(WORKERS) --dist loadfile

.PHONY: demo test test-all check bench soak wheel lock schema screenshots keep-release clean
.DELETE_ON_ERROR:

demo: .stamps/venv $(MODEL) $(APP)
	$(BIN)/shike demo

test: check $(MODEL) $(APP) .stamps/browser
	cd web && ../$(WITH_NODE) npm run --silent test
	$(BIN)/python scripts/check_migrations.py
	$(TESTS) -m "not browser and not long"
	SHIKE_BROWSER="$$(cat .stamps/browser)" $(TESTS) --numprocesses 2 -m "browser and not long"

test-all: check $(MODEL) $(APP) .stamps/browser
	cd web && ../$(WITH_NODE) npm run --silent test
	$(BIN)/python scripts/check_migrations.py
	$(TESTS) -m "not browser"
	SHIKE_BROWSER="$$(cat .stamps/browser)" $(TESTS) --numprocesses 2 -m browser

# The fast part, for every commit.
check: .stamps/venv .stamps/web
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy
	$(BIN)/lint-imports
	cd web && ../$(WITH_NODE) npm run --silent lint
	cd web && ../$(WITH_NODE) npm run --silent typecheck
	$(BIN)/shike openapi --output .stamps/openapi.json
	cd web && ../$(WITH_NODE) npm run --silent gen:api -- ../.stamps/openapi.json --check

bench: .stamps/venv .stamps/bench $(MODEL)
	$(BIN)/python -m bench

# Runs for an hour and fails if memory, threads or open files grow.
soak: .stamps/venv .stamps/bench $(MODEL)
	$(BIN)/python -m bench.soak

# Pictures of every page into screenshots/, in both languages, from a demonstration of its own.
screenshots: .stamps/venv $(MODEL) $(APP) .stamps/browser
	SHIKE_BROWSER="$$(cat .stamps/browser)" $(BIN)/python scripts/screenshots.py

# A small installation of this version, for tests of later ones: see docs/releasing.md.
keep-release: .stamps/venv $(MODEL) $(APP)
	$(BIN)/python scripts/keep_release.py --shike $(BIN)/shike \
		tests/releases/$$($(BIN)/python -c 'import importlib.metadata as m; print(m.version("shike"))').tar.gz

wheel: .stamps/venv $(MODEL) $(APP)
	rm -rf dist
	$(BIN)/python -m hatchling build -t wheel

# The browser app's client and the HTTP reference follow the API's schema.
schema: .stamps/venv .stamps/web
	$(BIN)/shike openapi --output .stamps/openapi.json
	cd web && ../$(WITH_NODE) npm run --silent gen:api -- ../.stamps/openapi.json
	$(BIN)/python scripts/write_http_reference.py

# Lock files: hashes, and no addresses.
lock: .stamps/venv
	$(BIN)/python scripts/lock.py

clean:
	rm -rf .stamps .venv web/node_modules api/static attendance/counting/models dist

.stamps/venv: requirements/dev.txt pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
		{ echo "Python 3.11 or newer is needed; name one with make PYTHON=…"; exit 1; }
	$(PYTHON) -m venv .venv
	$(BIN)/pip install --quiet --disable-pip-version-check --require-hashes -r requirements/dev.txt
	$(BIN)/pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	@mkdir -p .stamps && touch $@

.stamps/bench: .stamps/venv requirements/bench.txt
	$(BIN)/pip install --quiet --disable-pip-version-check --require-hashes -r requirements/bench.txt
	@touch $@

.stamps/web: web/package-lock.json web/package.json .stamps/venv
	cd web && ../$(WITH_NODE) npm ci --no-audit --no-fund --loglevel=error
	@touch $@

.stamps/browser: .stamps/venv scripts/find_browser.py
	$(BIN)/python scripts/find_browser.py > $@

$(MODEL): .stamps/venv scripts/pack_detector.py requirements/detector-source.txt
	$(BIN)/python scripts/pack_detector.py
	@touch $@

$(APP): .stamps/web $(WEB_SOURCES)
	cd web && ../$(WITH_NODE) npm run --silent build
	@touch $@
