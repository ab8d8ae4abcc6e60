#!/bin/sh
# Installs lagent on a node, or in the chroot of a node image, as docs/install.md describes. Run it
# as root, in a folder with wheels of FrUCToSA and all that it needs, and with lagent.conf. Run it
# again for another version or configuration. Where python3 is older than 3.11:
#   PYTHON=python3.11 sh install-node.sh
set -eu
from=$(cd "$(dirname "$0")" && pwd)
to=/opt/fructosa

"${PYTHON:-python3}" -m venv $to
# By force, because a clone may have changed since this version was installed.
$to/bin/pip install --quiet --no-index --find-links "$from" --force-reinstall 'FrUCToSA>=1.0'
ln -sf $to/bin/lagent /usr/bin/
cp -rsf $to/share/man $to/share/bash-completion $to/share/zsh /usr/local/share/
cp -rsf $to/share/fish /usr/share/

id fructosa >/dev/null 2>&1 || useradd --system --no-create-home fructosa
install -d -m 0755 /etc/fructosa
install -m 0644 "$from/lagent.conf" /etc/fructosa/
lagent check

if command -v selinuxenabled >/dev/null && selinuxenabled; then
	restorecon -R $to /etc/fructosa
fi

# In a chroot the service is enabled, but neither init system runs.
if [ -d /run/openrc ] || ! command -v systemctl >/dev/null; then
	cp $to/share/fructosa/openrc/init.d/lagent /etc/init.d/
	[ -e /etc/conf.d/lagent ] || cp $to/share/fructosa/openrc/conf.d/lagent /etc/conf.d/
	rc-update add lagent default
	[ ! -d /run/openrc ] || rc-service lagent restart
else
	cp $to/share/fructosa/systemd/lagent.service /etc/systemd/system/
	systemctl enable lagent
	[ ! -d /run/systemd/system ] || systemctl daemon-reload
	[ ! -d /run/systemd/system ] || systemctl restart lagent
fi
