# `make` alone explains itself. Everything is made below this folder: the virtual environment
# .venv, and .venv-graphite and .node-grafana for the integration tests.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
INSTALL := $(BIN)/pip install -q --disable-pip-version-check
FOR ?=

.DEFAULT_GOAL := help
.PHONY: help demo test unit check examples dist docs bench-exporter bench-gpus bench-servers bench-translating \
  bench-fetching bench-store bench-scraping bench-scale bench-long bench-queue \
  bench-dashboards bench-soak clean

help:  ## what can be made
	@sed -n 's/^\([a-z-]*\):.*##/make \1 -/p' $(MAKEFILE_LIST)

demo: $(VENV)/.installed  ## watch this machine: agent, master, a page in the browser; FOR=20 ends it after 20 s
	@$(BIN)/python examples/demo.py $(if $(FOR),--for $(FOR))

test: $(VENV)/.tested  ## everything; as root it first installs the services that the tests talk to
	@PYTHON=$(PYTHON) tests/install-services.sh
	@$(BIN)/python -c 'import fructosa_bridge.translate._fast' 2>/dev/null || $(INSTALL) --no-deps -e .
	$(BIN)/pytest

unit: $(VENV)/.tested  ## the fast tests alone
	$(BIN)/pytest -q --ignore tests/integration

check: $(VENV)/.tested  ## lint, types, import rules and unit tests
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/pytest -q --ignore tests/integration

examples: $(VENV)/.installed  ## write examples/*.conf anew from the declarations
	$(BIN)/lagent check --example > examples/lagent.conf
	$(BIN)/lmaster check --example > examples/lmaster.conf

dist: $(VENV)/.tested  ## sdist and wheels, the same bytes each time
	@rm -rf build dist
	@export SOURCE_DATE_EPOCH=$$(git log -1 --format=%ct) && umask 022 \
	  && $(BIN)/python -m build && FRUCTOSA_PURE=1 $(BIN)/python -m build -w

docs: examples $(VENV)/.tested  ## write all that is generated anew from the declarations
	$(BIN)/lagent sensors --markdown > docs/sensors.md
	$(BIN)/lagent sensors --for-lmaster > .metrics.tmp
	@mv .metrics.tmp fructosa_bridge/naming/sensor_metrics.py
	$(BIN)/lmaster dashboards -c /dev/null --output grafana/provisioning \
	  --read-at /etc/grafana/provisioning --rules grafana/prometheus
	$(BIN)/python -c 'from fructosa_grafana.alerts.docs_page import alerting_page as page; print(page(), end="")' \
	  > docs/alerting.md
	$(BIN)/python docs/generate.py

bench-exporter: $(VENV)/.tested  ## lagent's cost as a part of node_exporter's (3 minutes)
	$(BIN)/python -m benchmarks.exporter

bench-gpus: $(VENV)/.tested  ## what eight GPUs cost lagent, on the tests' driver (a minute)
	$(BIN)/python -m benchmarks.exporter.gpus

bench-servers: $(VENV)/.bench  ## HTTP servers that might serve the page, compared (2 minutes)
	$(BIN)/python -m benchmarks.exporter.servers

bench-translating: $(VENV)/.tested  ## pages into points, beside prometheus_client's parser (1 minute)
	$(BIN)/python -m benchmarks.bridge.translating

bench-fetching: $(VENV)/.tested  ## a fetch, beside aiohttp and requests (1 minute)
	$(BIN)/python -m benchmarks.bridge.fetching

bench-store: $(VENV)/.tested  ## the embedded store, beside whisper alone (1 minute)
	$(BIN)/python -m benchmarks.bridge.storing

bench-scraping: $(VENV)/.tested  ## lmaster beside Prometheus and vmagent (9 minutes); as root it installs them first
	@benchmarks/install-peers.sh
	$(BIN)/python -m benchmarks.bridge.scraping

bench-scale: $(VENV)/.tested  ## lmaster with 100, 1,000 and 10,000 nodes (5 minutes)
	@benchmarks/install-peers.sh
	$(BIN)/python -m benchmarks.bridge.scaling

bench-long: $(VENV)/.tested  ## lmaster with 10,000 nodes for ten minutes
	@benchmarks/install-peers.sh
	$(BIN)/python -m benchmarks.bridge.scaling --targets 10000 --seconds 600

bench-queue: $(VENV)/.tested  ## the queue on disk, beside SQLite (2 minutes)
	$(BIN)/python -m benchmarks.bridge.queueing

bench-soak: $(VENV)/.tested  ## the whole system for an hour, every part restarted in turn, its points counted
	@tests/install-services.sh
	$(BIN)/python -m benchmarks.soak

bench-dashboards: $(VENV)/.tested  ## a panel of the Cluster as Graphite draws it, with many nodes (1 minute)
	@tests/install-services.sh
	$(BIN)/python -m benchmarks.bridge.drawing

clean:  ## remove what was made here
	rm -rf $(VENV) .venv-graphite .node-grafana build dist *.egg-info test-output fructosa_bridge/translate/_fast*.so

$(VENV)/.made:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
	  || { echo "FrUCToSA needs Python 3.11 or newer: make PYTHON=python3.11"; exit 2; }
	@if ! $(PYTHON) -c 'import ensurepip' 2>/dev/null && [ "$$(id -u)" = 0 ]; then \
	  echo "installing python3-venv"; \
	  (apt-get update -qq && apt-get install -y -qq --no-install-recommends python3-venv) >/dev/null; fi
	@$(PYTHON) -c 'import ensurepip' 2>/dev/null \
	  || { echo "Python's venv module is missing: apt-get install python3-venv"; exit 2; }
	@echo "making the virtual environment $(VENV)"
	@$(PYTHON) -m venv --clear $(VENV)
	@touch $@

$(VENV)/.installed: $(VENV)/.made setup.cfg setup.py pyproject.toml fructosa_bridge/translate/_fast.c
	@echo "installing FrUCToSA into it (half a minute)"
	@$(INSTALL) -e '.[master]'
	@touch $@

$(VENV)/.tested: $(VENV)/.installed
	@echo "installing what the tests need"
	@$(INSTALL) -e '.[test]'
	@touch $@

$(VENV)/.bench: $(VENV)/.tested
	@echo "installing the servers to compare with"
	@$(INSTALL) waitress cheroot h11
	@touch $@
