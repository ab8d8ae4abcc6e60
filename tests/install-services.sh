#!/usr/bin/env bash
# Installs what the integration tests talk to: as root Debian's packages, and always Graphite,
# from PyPI, into .venv-graphite. What is there already is left alone.
set -euo pipefail
cd "$(dirname "$0")/.."

python=${PYTHON:-python3}
graphite=.venv-graphite

is_installed() { dpkg-query -W -f '${Status}' "$1" 2>/dev/null | grep -q 'ok installed'; }

missing=""
for package in prometheus chromium chromium-driver libcairo2 fonts-dejavu-core; do
  is_installed "$package" || missing="$missing $package"
done

install_packages() {
  echo "installing$missing (about a minute)"
  local policy=/usr/sbin/policy-rc.d
  if [ ! -e $policy ]; then # the packages must not start their services
    trap "rm -f $policy" EXIT
    printf '#!/bin/sh\nexit 101\n' >$policy
    chmod +x $policy
  fi
  apt-get update -qq
  # shellcheck disable=SC2086 # a list of words
  DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends $missing >/dev/null
}

if [ -n "$missing" ]; then
  if [ "$(id -u)" = 0 ]; then
    install_packages
  else
    echo "not root: the tests that talk to$missing will be skipped"
  fi
fi

if [ ! -e $graphite/.installed ]; then
  if "$python" -c 'import sys; sys.exit(sys.version_info >= (3, 12))'; then
    echo "installing Graphite into $graphite (about half a minute)"
    "$python" -m venv --clear $graphite
    GRAPHITE_NO_PREFIX=True $graphite/bin/pip install -q --disable-pip-version-check \
      carbon==1.1.10 whisper==1.1.10 graphite-web==1.1.10 waitress==3.0.2
    touch $graphite/.installed
  else
    echo "carbon needs Python 3.11 or older: the tests that talk to Graphite will be skipped"
  fi
fi
