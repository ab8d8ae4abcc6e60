#!/usr/bin/env bash
# Installs what the integration tests talk to: as root Debian's packages, and always Graphite,
# from PyPI, into .venv-graphite. What is there already is left alone.
set -euo pipefail
cd "$(dirname "$0")/.."

python=${PYTHON:-python3}
graphite=.venv-graphite
pins="carbon==1.1.10 whisper==1.1.10 graphite-web==1.1.10 waitress==3.0.2"

is_installed() { dpkg-query -W -f '${Status}' "$1" 2>/dev/null | grep -q 'ok installed'; }

# What apt-get and pip have to say matters only where they fail.
quietly() {
  local said
  said=$("$@" 2>&1) || { echo "$said" >&2; return 1; }
}

python_says() { "$python" -c "$1" 2>/dev/null; }

# Written last: an installation that was interrupted, or has other versions, is made anew.
graphite_is_there() {
  [ -x $graphite/bin/python ] && [ "$(cat $graphite/.installed 2>/dev/null)" = "$pins" ]
}

install_packages() {
  echo "installing $* (about a minute)"
  local policy=/usr/sbin/policy-rc.d
  if [ ! -e $policy ]; then # the packages must not start their services
    trap "rm -f $policy" EXIT
    printf '#!/bin/sh\nexit 101\n' >$policy
    chmod +x $policy
  fi
  quietly apt-get update -qq
  DEBIAN_FRONTEND=noninteractive quietly apt-get install -y -qq --no-install-recommends "$@"
}

install_graphite() {
  echo "installing Graphite into $graphite (about half a minute)"
  quietly "$python" -m venv --clear $graphite
  # shellcheck disable=SC2086 # a list of words
  GRAPHITE_NO_PREFIX=True quietly $graphite/bin/pip install -q --disable-pip-version-check $pins
  echo "$pins" >$graphite/.installed
}

missing=()
for package in prometheus carbon-c-relay victoria-metrics chromium chromium-driver libcairo2 \
  fonts-dejavu-core fuse3 iproute2 strace gcc libc6-dev python3-dev; do
  is_installed "$package" || missing+=("$package")
done
# Debian's own Python comes without what makes virtual environments.
graphite_is_there || python_says 'import ensurepip' || missing+=(python3-venv)

if [ ${#missing[@]} != 0 ]; then
  if [ "$(id -u)" = 0 ]; then
    install_packages "${missing[@]}"
  else
    echo "not root: the tests that need ${missing[*]} will be skipped"
  fi
fi

if ! graphite_is_there; then
  if ! python_says 'import sys; sys.exit(not (3, 10) <= sys.version_info[:2] <= (3, 11))'; then
    echo "carbon needs Python 3.10 or 3.11: the tests that talk to Graphite will be skipped"
  elif ! python_says 'import ensurepip'; then
    echo "$python can't make virtual environments: the tests of Graphite will be skipped"
  else
    install_graphite
  fi
fi
