#!/usr/bin/env bash
# Installs the services for the integration tests: as root, Debian's packages; always, Graphite from
# PyPI into .venv-graphite, FrUCToSA 0.3.2 into .venv-0.3, and Grafana's types from npm into
# .node-grafana. What is already installed is left alone.
set -euo pipefail
cd "$(dirname "$0")/.."
# shellcheck source=tests/stages.sh
. tests/stages.sh

python=${PYTHON:-python3}
graphite=.venv-graphite
old=.venv-0.3
old_pin="FrUCToSA==0.3.2"
grafana=.node-grafana
grafana_pins=tests/integration/grafana_types/package.json
pins="carbon==1.1.10 whisper==1.1.10 graphite-web==1.1.10 waitress==3.0.2"

is_installed() { dpkg-query -W -f '${Status}' "$1" 2>/dev/null | grep -q 'ok installed'; }

python_can() { "$python" -c "$1" 2>/dev/null; }

# The file is written last: an interrupted installation, or one of other versions, is repeated.
graphite_is_there() {
  [ -x $graphite/bin/python ] && [ "$(cat $graphite/.installed 2>/dev/null)" = "$pins" ]
}

old_is_there() { [ "$(cat $old/.installed 2>/dev/null)" = "$old_pin" ]; }

grafana_is_there() { cmp -s $grafana_pins $grafana/.installed; }

install_packages() {
  begin "$(echo "installing Debian's $* (about two minutes)" | fold -sw 100)"
  local policy=/usr/sbin/policy-rc.d
  if [ ! -e $policy ]; then # keeps the packages from starting their services
    trap "rm -f $policy" EXIT
    printf '#!/bin/sh\nexit 101\n' >$policy
    chmod +x $policy
  fi
  quietly apt-get update -qq
  DEBIAN_FRONTEND=noninteractive quietly apt-get install -y -qq --no-install-recommends "$@"
  took
}

install_graphite() {
  begin "installing Graphite into $graphite (half a minute)"
  quietly "$python" -m venv --clear $graphite
  # shellcheck disable=SC2086 # a list of words
  GRAPHITE_NO_PREFIX=True quietly $graphite/bin/pip install -q --disable-pip-version-check $pins
  echo "$pins" >$graphite/.installed
  took
}

# A folder to import from: the tests upgrade it, with whichever Python it runs with.
install_old() {
  begin "installing FrUCToSA 0.3.2 into $old (a few seconds)"
  rm -rf $old
  quietly .venv/bin/pip install -q --disable-pip-version-check --target $old "$old_pin" || return
  echo "$old_pin" >$old/.installed
  took
}

# Only Grafana's own packages, without their dependencies: the tests read only types and lists.
install_grafana() {
  begin "installing Grafana's types into $grafana (a few seconds)"
  rm -rf $grafana
  mkdir $grafana
  cp $grafana_pins $grafana/package.json
  (
    cd $grafana
    quietly npm install --ignore-scripts --no-audit --no-fund --no-package-lock
    # shellcheck disable=SC2046 # a list of words
    quietly npm pack --silent $(node -p 'require("./package.json").sources.join(" ")')
    for archive in *.tgz; do
      mkdir "${archive%.tgz}"
      tar -xzf "$archive" -C "${archive%.tgz}"
      rm "$archive"
    done
  )
  cp $grafana_pins $grafana/.installed
  took
}

missing=()
for package in prometheus prometheus-node-exporter prometheus-alertmanager carbon-c-relay \
  victoria-metrics chromium chromium-driver libcairo2 fonts-dejavu-core fuse3 git iproute2 strace curl gcc \
  libc6-dev python3-dev mandoc man-db groff-base fish zsh \
  openrc shellcheck systemd procps util-linux passwd openssh-server openssh-client \
  graphite-carbon graphite-web gunicorn nftables apache2-utils \
  slurmctld slurmd slurm-client slurm-wlm-basic-plugins slurmdbd mariadb-server; do
  is_installed "$package" || missing+=("$package")
done
if ! grafana_is_there; then # a Node that is not Debian's is fine
  command -v node >/dev/null || missing+=(nodejs)
  command -v npm >/dev/null || missing+=(npm)
fi
# Debian's Python comes without the module for virtual environments.
graphite_is_there || python_can 'import ensurepip' || missing+=(python3-venv)

if [ ${#missing[@]} != 0 ]; then
  if [ "$(id -u)" = 0 ]; then
    install_packages "${missing[@]}"
  else
    echo "not root: the tests that need ${missing[*]} will be skipped" | fold -sw 100
  fi
fi

if ! graphite_is_there; then
  if ! python_can 'import sys; sys.exit(not (3, 10) <= sys.version_info[:2] <= (3, 11))'; then
    echo "carbon needs Python 3.10 or 3.11: the tests with Graphite will be skipped"
  elif ! python_can 'import ensurepip'; then
    echo "$python cannot create virtual environments: the tests with Graphite will be skipped"
  else
    install_graphite
  fi
fi

if ! old_is_there; then
  install_old || echo "FrUCToSA 0.3.2 cannot be had: the tests that upgrade it will be skipped"
fi

if ! grafana_is_there; then
  if command -v node >/dev/null && command -v npm >/dev/null; then
    install_grafana
  else
    echo "node or npm is missing: the tests with Grafana's types will be skipped"
  fi
fi
