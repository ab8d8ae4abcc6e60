"""Configures the OpenRC services in a container to run the programs of this checkout."""

from tests.services import missing

from .graphite import VENV
from .processes import BIN, free_port

PORTS = ("lagent", "lmaster", "line", "pickle", "web")
_CARBON = """\
[cache]
STORAGE_DIR = /var/lib/graphite
LOCAL_DATA_DIR = /var/lib/graphite/whisper
CONF_DIR = /etc/carbon
LOG_DIR = /var/lib/graphite
PID_DIR = /var/lib/graphite
USER =
LINE_RECEIVER_INTERFACE = 127.0.0.1
LINE_RECEIVER_PORT = {line}
PICKLE_RECEIVER_INTERFACE = 127.0.0.1
PICKLE_RECEIVER_PORT = {pickle}
CACHE_QUERY_INTERFACE = 127.0.0.1
CACHE_QUERY_PORT = {query}
ENABLE_TAGS = False
"""
_WEB = """\
SECRET_KEY = 'for these tests only'
STORAGE_DIR = LOG_DIR = '/var/lib/graphite'
WHISPER_DIR = '/var/lib/graphite/whisper'
CONF_DIR = '/etc/carbon'
"""
_CARBON_CACHE = f"""\
CARBON_CACHE={VENV}/bin/carbon-cache.py
CARBON_USER=fructosa
GRAPHITE_ROOT=/var/lib/graphite
respawn_delay=1
"""
_GRAPHITE_WEB = f"""\
GRAPHITE_WEB={VENV}/bin/waitress-serve
GRAPHITE_WEB_USER=fructosa
GRAPHITE_WEB_OPTIONS="--listen=127.0.0.1:{{web}} graphite.wsgi:application"
GRAPHITE_ROOT=/var/lib/graphite
GRAPHITE_SETTINGS_MODULE=openrc_settings
GRAPHITE_PYTHONPATH=/etc/carbon/settings
"""


def graphite_or_skip():
    """Skip the test if Graphite is not installed."""
    if not (VENV / ".installed").exists():
        missing("Graphite", "from PyPI, with Python 3.11")


def configure(machine, nodes="127.0.0.1", agents=""):
    """Write the settings of all parts; Grafana is not installed. Return the ports."""
    ports = {name: free_port() for name in PORTS}
    conf = "/etc/conf.d"
    for name in ("lagent", "lmaster"):
        options = f'{name.upper()}_OPTIONS="--port {ports[name]}"'
        machine.write(
            f"{conf}/{name}", f"{name.upper()}={BIN}/{name}\n{options}\nrespawn_delay=1\n"
        )
    machine.write("/etc/fructosa/lmaster.conf", _master(nodes, agents, **ports))
    machine.write("/etc/carbon/carbon.conf", _CARBON.format(query=free_port(), **ports))
    machine.write("/etc/carbon/storage-schemas.conf", "[all]\npattern = .*\nretentions = 1s:1h\n")
    machine.write("/etc/carbon/settings/openrc_settings.py", _WEB)
    machine.run("install", "-d", "-o", "fructosa", "/var/lib/graphite/whisper", "/var/lib/graphite")
    machine.write(f"{conf}/fructosa-graphite", _CARBON_CACHE)
    machine.write(f"{conf}/fructosa-graphite-web", _GRAPHITE_WEB.format(**ports))
    machine.write(f"{conf}/fructosa-grafana", "GRAFANA=/opt/none\n")
    return ports


def _master(nodes, agents, lagent, pickle, **_):
    return (
        f"[nodes:here]\nhosts = {nodes}\nport = {lagent}\ninterval = 1\ntimeout = 0.9\n"
        f"[Graphite]\ncarbon receiver pickle port = {pickle}\n{agents}"
    )
