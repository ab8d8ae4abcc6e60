#!/usr/bin/env bash
# Installs what lmaster is compared with, and what serves the pages: as root, Debian's packages.
# None of their services is started. What is there already is left alone.
set -euo pipefail

is_installed() { dpkg-query -W -f '${Status}' "$1" 2>/dev/null | grep -q 'ok installed'; }

# What apt-get has to say matters only where it fails.
quietly() {
  local said
  said=$("$@" 2>&1) || { echo "$said" >&2; return 1; }
}

missing=()
for package in prometheus victoria-metrics prometheus-node-exporter nginx-light; do
  is_installed "$package" || missing+=("$package")
done

[ ${#missing[@]} != 0 ] || exit 0
if [ "$(id -u)" != 0 ]; then
  echo "not root: the benchmark needs ${missing[*]}; apt-get install ${missing[*]}" >&2
  exit 1
fi

echo "installing ${missing[*]} (about a minute)"
policy=/usr/sbin/policy-rc.d
if [ ! -e $policy ]; then # the packages must not start their services
  trap "rm -f $policy" EXIT
  printf '#!/bin/sh\nexit 101\n' >$policy
  chmod +x $policy
fi
quietly apt-get update -qq
DEBIAN_FRONTEND=noninteractive quietly apt-get install -y -qq --no-install-recommends "${missing[@]}"
