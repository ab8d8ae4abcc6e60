#!/usr/bin/env bash
# Installs, as root and from Debian, what lmaster is compared with and what serves the pages.
# Does not start their services. Packages that are already installed are left alone.
set -euo pipefail

is_installed() { dpkg-query -W -f '${Status}' "$1" 2>/dev/null | grep -q 'ok installed'; }

# Print the output of a command only if it fails.
quietly() {
  local output
  output=$("$@" 2>&1) || { echo "$output" >&2; return 1; }
}

missing=()
for package in prometheus victoria-metrics prometheus-node-exporter nginx-light; do
  is_installed "$package" || missing+=("$package")
done

[ ${#missing[@]} != 0 ] || exit 0
if [ "$(id -u)" != 0 ]; then
  echo "the benchmark needs ${missing[*]}; as root: apt-get install ${missing[*]}" >&2
  exit 1
fi

echo "installing ${missing[*]} (about a minute)"
policy=/usr/sbin/policy-rc.d
if [ ! -e $policy ]; then # keeps the packages from starting their services
  trap "rm -f $policy" EXIT
  printf '#!/bin/sh\nexit 101\n' >$policy
  chmod +x $policy
fi
quietly apt-get update -qq
DEBIAN_FRONTEND=noninteractive quietly apt-get install -y -qq --no-install-recommends "${missing[@]}"
