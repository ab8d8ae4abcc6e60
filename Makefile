# `make` without a target lists the targets. All files are created in this folder: the virtual
# environment .venv, and .venv-graphite and .node-grafana for the integration tests.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
# Without what is set for other Pythons, for example by modules of a cluster.
ALONE := env -u PYTHONHOME -u PYTHONPATH -u PYTHONUSERBASE -u PYTHONWARNINGS PIP_USER=0
INSTALL := $(ALONE) $(BIN)/pip install -q --disable-pip-version-check --no-input
STAGE := . tests/stages.sh; begin
NO_INDEX := pip needs PyPI, or another package index that PIP_INDEX_URL or its configuration names
# Debian has ensurepip in a package of its own, for each Python.
VENV_PACKAGE := $(notdir $(PYTHON))-venv
FOR ?=

.DEFAULT_GOAL := help
.PHONY: help demo test test-cgroup2 unit check examples dist docs bench-exporter bench-gpus bench-jobs bench-servers bench-translating \
  bench-fetching bench-store bench-slurm bench-jobs-master bench-scraping bench-scale bench-long bench-queue \
  bench-dashboards bench-soak bench-hostile fuzz clean

help:  ## list the targets
	@sed -n 's/^\([a-z-]*\):.*##  */\1 /p' $(MAKEFILE_LIST) \
	  | while read -r target text; do printf 'make %-17s  %s\n' "$$target" "$$text"; done

demo: $(VENV)/.installed  ## monitor this machine, with a page in the browser; FOR=20 stops it after 20 s
	@$(ALONE) $(BIN)/python examples/demo.py $(if $(FOR),--for $(FOR))

test: $(VENV)/.tested  ## run all tests; as root, first install the services that they need
	@PYTHON=$(PYTHON) $(ALONE) tests/install-services.sh
	@$(ALONE) $(BIN)/python -c 'import fructosa_bridge.translate._fast' 2>/dev/null \
	  || ! command -v gcc >/dev/null || { $(STAGE) "building the C part of lmaster (a few seconds)"; \
	  quietly $(INSTALL) --no-deps -e . && took; }
	@echo "running the tests (about ten minutes)"
	@$(ALONE) $(BIN)/pytest

test-cgroup2: $(VENV)/.installed  ## jobs of Slurm with cgroups of version 2, in a virtual machine (5 minutes); as root
	@tests/cgroup2/run.sh

unit: $(VENV)/.tested  ## run only the unit tests
	$(BIN)/pytest -q -n auto --maxprocesses 8 --ignore tests/integration

check: $(VENV)/.tested  ## run lint, type checks and the unit tests
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/pytest -q -n auto --maxprocesses 8 --ignore tests/integration

examples: $(VENV)/.installed  ## generate examples/*.conf from the declarations
	$(BIN)/lagent check --example > examples/lagent.conf
	$(BIN)/lmaster check --example > examples/lmaster.conf

dist: $(VENV)/.tested  ## build sdist and wheels, reproducibly
	@rm -rf build dist
	@export SOURCE_DATE_EPOCH=$$(git log -1 --format=%ct) && umask 022 \
	  && $(BIN)/python -m build && FRUCTOSA_PURE=1 $(BIN)/python -m build -w

docs: examples $(VENV)/.tested  ## generate all generated files from the declarations
	$(BIN)/lagent sensors --markdown > docs/sensors.md
	$(BIN)/lagent sensors --for-lmaster > .metrics.tmp
	@mv .metrics.tmp fructosa_bridge/naming/sensor_metrics.py
	$(BIN)/lmaster dashboards -c /dev/null --output grafana/provisioning \
	  --read-at /etc/grafana/provisioning --rules grafana/prometheus
	$(BIN)/python -c 'from fructosa_grafana.alerts.docs_page import alerting_page as page; print(page(), end="")' \
	  > docs/alerting.md
	$(BIN)/python docs/generate.py

bench-exporter: $(VENV)/.tested  ## lagent compared with node_exporter (6 minutes)
	$(BIN)/python -m benchmarks.exporter

bench-gpus: $(VENV)/.tested  ## lagent with eight GPUs, with the fake driver of the tests (1 minute)
	$(BIN)/python -m benchmarks.exporter.gpus

bench-jobs: $(VENV)/.tested  ## final values of 1,000 short jobs of Slurm, and what they cost (50 minutes); as root
	@tests/install-services.sh
	$(BIN)/python -m benchmarks.exporter.jobs

bench-servers: $(VENV)/.bench  ## HTTP servers for lagent's page compared (2 minutes)
	$(BIN)/python -m benchmarks.exporter.servers

bench-translating: $(VENV)/.tested  ## pages into points, compared with prometheus_client's parser (1 minute)
	$(BIN)/python -m benchmarks.bridge.translating

bench-fetching: $(VENV)/.tested  ## lmaster's HTTP client compared with aiohttp and requests (1 minute)
	$(BIN)/python -m benchmarks.bridge.fetching

bench-store: $(VENV)/.tested  ## the embedded store compared with plain whisper (1 minute)
	$(BIN)/python -m benchmarks.bridge.storing

bench-scraping: $(VENV)/.tested  ## lmaster compared with Prometheus and vmagent (9 minutes); as root, install them first
	@benchmarks/install-peers.sh
	$(BIN)/python -m benchmarks.bridge.scraping

bench-scale: $(VENV)/.tested  ## lmaster with 100, 1,000 and 10,000 nodes (5 minutes)
	@benchmarks/install-peers.sh
	$(BIN)/python -m benchmarks.bridge.scaling

bench-long: $(VENV)/.tested  ## lmaster with 10,000 nodes for ten minutes
	@benchmarks/install-peers.sh
	$(BIN)/python -m benchmarks.bridge.scaling --targets 10000 --seconds 600

bench-slurm: $(VENV)/.tested  ## a reading of Slurm with 10,000 nodes and jobs, beside its commands alone (1 minute)
	@tests/install-services.sh
	$(BIN)/python -m benchmarks.bridge.slurm_reading

bench-jobs-master: $(VENV)/.tested  ## the jobs of 10,000 nodes, and an archive of 1,000,000 jobs (15 minutes)
	$(BIN)/python -m benchmarks.bridge.jobs

bench-queue: $(VENV)/.tested  ## the queue on disk compared with SQLite (2 minutes)
	$(BIN)/python -m benchmarks.bridge.queueing

bench-soak: $(VENV)/.tested  ## the whole system for an hour with restarts of each part; counts lost points
	@tests/install-services.sh
	$(BIN)/python -m benchmarks.soak

bench-dashboards: $(VENV)/.tested  ## a panel of the dashboard Cluster with many nodes, drawn by Graphite (1 minute)
	@tests/install-services.sh
	$(BIN)/python -m benchmarks.bridge.drawing

bench-hostile: $(VENV)/.tested  ## 45 hostile nodes and hostile clients beside 20 honest nodes (6 minutes); FOR=60 for less
	$(BIN)/python -m benchmarks.hostile $(if $(FOR),--for $(FOR))

fuzz: $(VENV)/.fuzz  ## ten minutes of mutated pages, requests, files and names; FOR=60 for less
	$(BIN)/python -m benchmarks.fuzz $(if $(FOR),--for $(FOR))

clean:  ## remove everything that make has created
	rm -rf $(VENV) .venv-graphite .node-grafana build dist *.egg-info test-output .cgroup2 fructosa_bridge/translate/_fast*.so

$(VENV)/.made:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || { \
	  echo "FrUCToSA needs Python 3.11 or newer; name one: make $(MAKECMDGOALS) PYTHON=python3.11"; exit 2; }
	@if ! $(PYTHON) -c 'import ensurepip' 2>/dev/null && [ "$$(id -u)" = 0 ]; then \
	  $(STAGE) "installing $(VENV_PACKAGE) (a few seconds)"; export DEBIAN_FRONTEND=noninteractive; \
	  quietly apt-get update -qq \
	    && quietly apt-get install -y -qq --no-install-recommends $(VENV_PACKAGE) && took; fi || true
	@$(PYTHON) -c 'import ensurepip' 2>/dev/null || { \
	  echo "$(PYTHON) can't create virtual environments; on Debian: apt-get install $(VENV_PACKAGE)"; exit 2; }
	@$(STAGE) "creating the virtual environment $(VENV) (a few seconds)"; \
	  quietly $(ALONE) $(PYTHON) -m venv --clear $(VENV) && took
	@touch $@

$(VENV)/.installed: $(VENV)/.made setup.cfg setup.py pyproject.toml fructosa_bridge/translate/_fast.c
	@$(STAGE) "installing FrUCToSA into $(VENV) (half a minute)"; \
	  quietly $(INSTALL) -e '.[master]' && took || { echo "$(NO_INDEX)"; exit 2; }
	@touch $@

$(VENV)/.tested: $(VENV)/.installed
	@$(STAGE) "installing the requirements of the tests (half a minute)"; \
	  quietly $(INSTALL) -e '.[test]' && took || { echo "$(NO_INDEX)"; exit 2; }
	@touch $@

$(VENV)/.bench: $(VENV)/.tested
	@$(STAGE) "installing the servers for the comparison (a few seconds)"; \
	  quietly $(INSTALL) waitress cheroot h11 && took
	@touch $@

$(VENV)/.fuzz: $(VENV)/.tested
	@$(STAGE) "installing atheris, which makes the inputs (a few seconds)"; \
	  quietly $(INSTALL) 'atheris>=3' && took
	@touch $@
