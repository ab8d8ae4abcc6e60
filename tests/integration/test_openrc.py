"""The OpenRC scripts, run by a real OpenRC on a machine of their own."""

import os
import re
import shutil
import subprocess

import pytest

from .conftest import missing
from .graphite import VENV
from .openrc import ROOT, Machine, missing_programs
from .processes import BIN, free_port, listens

SCRIPTS = sorted(path for path in (ROOT / "openrc").glob("*.d/*"))
CARBON = """\
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
WEB = """\
SECRET_KEY = 'for these tests only'
STORAGE_DIR = LOG_DIR = '/var/lib/graphite'
WHISPER_DIR = '/var/lib/graphite/whisper'
CONF_DIR = '/etc/carbon'
"""
# Says what it was told, as the real one says what the nodes answered.
AGENTS = '#!/bin/sh\necho "agents $* (stand-in)"\n[ ! -e /etc/fructosa/node-is-dead ]\n'
GRAFANA = '#!/bin/sh\necho "grafana-server $*"\nexec sleep infinity\n'


@pytest.fixture(scope="module")
def machine():
    """A machine with the scripts, configured for programs of this checkout."""
    if os.geteuid() != 0:
        pytest.skip("only root can make a machine of its own")
    if packages := missing_programs():
        missing(", ".join(packages), f"Debian's {', '.join(packages.values())}")
    if not (VENV / ".installed").exists():
        missing("Graphite", "from PyPI, with Python 3.11")
    try:
        made = Machine()
    except OSError as error:
        pytest.skip(str(error))
    with made:
        made.ports = {name: free_port() for name in ("lagent", "lmaster", "line", "pickle", "web")}
        _configure(made, **made.ports)
        yield made


def _configure(machine, lagent, lmaster, line, pickle, web):
    fast = "respawn_delay=1\n"
    machine.write(
        "/etc/conf.d/lagent", f'LAGENT={BIN}/lagent\nLAGENT_OPTIONS="--port {lagent}"\n{fast}'
    )
    machine.write(
        "/etc/conf.d/lmaster", f'LMASTER={BIN}/lmaster\nLMASTER_OPTIONS="--port {lmaster}"\n{fast}'
    )
    machine.write("/etc/fructosa/lmaster.conf", _master(lagent, pickle))
    machine.write(
        "/etc/carbon/carbon.conf", CARBON.format(line=line, pickle=pickle, query=free_port())
    )
    machine.write("/etc/carbon/storage-schemas.conf", "[all]\npattern = .*\nretentions = 1s:1h\n")
    machine.write("/etc/carbon/settings/openrc_settings.py", WEB)
    machine.run("install", "-d", "-o", "fructosa", "/var/lib/graphite/whisper", "/var/lib/graphite")
    machine.write(
        "/etc/conf.d/fructosa-graphite",
        f"CARBON_CACHE={VENV}/bin/carbon-cache.py\nCARBON_USER=fructosa\n"
        "GRAPHITE_ROOT=/var/lib/graphite\n",
    )
    machine.write(
        "/etc/conf.d/fructosa-graphite-web",
        f"GRAPHITE_WEB={VENV}/bin/waitress-serve\nGRAPHITE_WEB_USER=fructosa\n"
        f'GRAPHITE_WEB_OPTIONS="--listen=127.0.0.1:{web} graphite.wsgi:application"\n'
        "GRAPHITE_ROOT=/var/lib/graphite\nGRAPHITE_SETTINGS_MODULE=openrc_settings\n"
        "GRAPHITE_PYTHONPATH=/etc/carbon/settings\n",
    )
    machine.write("/etc/conf.d/fructosa-grafana", "GRAFANA=/opt/none\n")
    machine.write("/etc/fructosa/agents", AGENTS, 0o755)
    machine.write(
        "/etc/conf.d/fructosa",
        'FRUCTOSA_AGENTS_COMMAND=/etc/fructosa/agents\nFRUCTOSA_AGENTS_NODES="node[1-3]"\n',
    )


def _master(port, pickle):
    return (
        f"[nodes:here]\nhosts = 127.0.0.1\nport = {port}\ninterval = 1\ntimeout = 1\n"
        f"[Graphite]\ncarbon receiver pickle port = {pickle}\n"
    )


def _fine(machine, name, command):
    code, said = machine.service(name, command)
    assert code == 0, said
    return said


def _runs_at(machine, pattern, but=()):
    """Wait for one process that a pattern fits, and that is none of those; return its pid."""
    return machine.wait_for(lambda: set(machine.pids(pattern)) - set(but)).pop()


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda path: "/".join(path.parts[-2:]))
def test_the_scripts_have_nothing_that_shellcheck_finds_wrong(script):
    """Each is sh without what only bash knows."""
    shellcheck = shutil.which("shellcheck") or missing("shellcheck", "Debian's shellcheck")
    words = [shellcheck, "--shell=sh", "--exclude=SC2034", script]

    done = subprocess.run(words, capture_output=True, text=True, check=False, timeout=60)

    assert done.stdout == ""


@pytest.mark.parametrize("name", ["lagent", "lmaster"])
def test_a_daemon_runs_as_its_user_from_start_to_stop(machine, name):
    """OpenRC starts it, says that it runs, and stops it; the pid file is root's."""
    started = _fine(machine, name, "start")
    status = _fine(machine, name, "status")
    machine.wait_for(lambda: listens(machine.ports[name]))
    owners = machine.run("ps", "-o", "user=", "-p", *machine.pids(f"bin/{name} s"))[1].split()
    pid_file = machine.run("stat", "-c", "%U", f"/run/{name}.pid")[1]
    _fine(machine, name, "stop")

    assert "Starting " + name in started
    assert "status: started" in status
    assert owners[-1] == "fructosa"
    assert pid_file == "root\n"
    assert machine.service(name, "status")[0] == 3
    assert not listens(machine.ports[name])


def test_a_daemon_that_is_killed_is_started_again(machine):
    """The supervisor sees it end."""
    _fine(machine, "lagent", "start")
    killed = _runs_at(machine, "bin/python3? .*lagent serve")

    machine.kill(killed)
    machine.wait_for(lambda: listens(machine.ports["lagent"]))
    again = _runs_at(machine, "bin/python3? .*lagent serve", but=[killed])

    assert again != killed
    assert "status: started" in _fine(machine, "lagent", "status")
    _fine(machine, "lagent", "stop")


@pytest.mark.parametrize("name", ["lagent", "lmaster"])
def test_a_wrong_configuration_is_told_on_the_terminal_and_nothing_starts(machine, name):
    """With the file, the section and what it may have."""
    config = f"/etc/fructosa/{name}.conf"
    right = machine.path(config).read_text() if machine.path(config).exists() else ""
    machine.write(config, "[nonsense]\n")

    code, said = machine.service(name, "start")
    machine.write(config, right)

    assert code == 1
    assert f"{config}:1: [nonsense]: is no section" in said
    assert machine.service(name, "status")[0] == 3


def test_a_restart_or_reload_with_a_wrong_configuration_leaves_alone_what_runs(machine):
    """The lmaster that runs goes on; a right one is read again."""
    right = machine.path("/etc/fructosa/lmaster.conf").read_text()
    _fine(machine, "lmaster", "start")
    machine.wait_for(lambda: listens(machine.ports["lmaster"]))
    runs = machine.pids("lmaster scrape")
    machine.write("/etc/fructosa/lmaster.conf", "[nonsense]\n")

    refused = [machine.service("lmaster", command)[0] for command in ("restart", "reload")]
    machine.write("/etc/fructosa/lmaster.conf", right + "[nodes:more]\nhosts = 127.0.0.2\n")
    _fine(machine, "lmaster", "reload")
    log = machine.path("/var/log/lmaster.log")
    machine.wait_for(lambda: "2 targets: 1 new" in log.read_text())

    assert refused == [1, 1]
    assert runs == machine.pids("lmaster scrape")
    machine.write("/etc/fructosa/lmaster.conf", right)
    _fine(machine, "lmaster", "stop")


def test_the_user_that_is_missing_is_named(machine):
    """With what makes it."""
    right = machine.path("/etc/conf.d/lagent").read_text()
    machine.write("/etc/conf.d/lagent", right + "LAGENT_USER=nobody-else\n")

    code, said = machine.service("lagent", "start")
    machine.write("/etc/conf.d/lagent", right)

    assert code == 1
    assert "useradd --system nobody-else" in said


def test_grafana_is_started_where_it_is_installed(machine):
    """With its own user, home and configuration."""
    machine.write("/etc/fructosa/grafana-server", GRAFANA, 0o755)
    right = machine.path("/etc/conf.d/fructosa-grafana").read_text()
    other = "GRAFANA=/etc/fructosa/grafana-server\nGRAFANA_USER=fructosa\n"
    machine.write("/etc/conf.d/fructosa-grafana", other)

    _fine(machine, "fructosa-grafana", "start")
    log = machine.path("/var/log/fructosa-grafana.log")
    machine.wait_for(lambda: "--homepath=/usr/share/grafana" in log.read_text())
    status = _fine(machine, "fructosa-grafana", "status")
    _fine(machine, "fructosa-grafana", "stop")
    machine.write("/etc/conf.d/fructosa-grafana", right)

    assert "status: started" in status


def _order(said, words):
    """Return which of the words are said, in the order in which they are."""
    return re.findall("|".join(map(re.escape, words)), said)


def test_the_whole_starts_in_its_order_and_stops_in_the_reverse(machine):
    """Graphite, Grafana (skipped here), lmaster, the lagents on the nodes, and back."""
    parts = ["Graphite (carbon)", "Graphite (web)", "lmaster", "agents {} node[1-3]"]

    start = _fine(machine, "fructosa", "start")
    machine.wait_for(lambda: all(listens(machine.ports[name]) for name in ("pickle", "web")))
    status = _fine(machine, "fructosa", "status")
    stop = _fine(machine, "fructosa", "stop")

    began = ["Starting " + part for part in parts[:3]] + [parts[3].format("start")]
    assert began == _order(start, began)
    ended = [parts[3].format("stop")] + ["Stopping " + part for part in parts[2::-1]]
    assert ended == _order(stop, ended)
    assert "Grafana is not installed: skipped" in start
    assert [
        "graphite: started",
        "graphite-web: started",
        "grafana: skipped",
        "lmaster: started",
    ] == (re.findall(r"\* (.*: (?:started|skipped|stopped))", status))
    assert machine.service("fructosa", "status")[0] == 3
    assert [] == machine.pids("lmaster scrape|carbon-cache|waitress")


def test_the_whole_is_not_well_while_a_part_is_stopped(machine):
    """Status tells which one; stop takes the rest down."""
    _fine(machine, "fructosa", "start")
    _fine(machine, "lmaster", "stop")

    code, said = machine.service("fructosa", "status")
    _fine(machine, "fructosa", "stop")

    assert code == 3
    assert "lmaster: stopped" in said
    assert "graphite: started" in said


def test_nodes_that_do_not_answer_are_told_and_hold_up_nothing(machine):
    """Dead nodes are usual on a cluster."""
    machine.write("/etc/fructosa/node-is-dead", "")

    start = _fine(machine, "fructosa", "start")
    status = machine.service("fructosa", "status")[0]
    stop = _fine(machine, "fructosa", "stop")
    machine.path("/etc/fructosa/node-is-dead").unlink()

    assert "start did not succeed on all nodes" in start
    assert status == 3
    assert "Stopping lmaster" in stop


def test_nothing_of_the_whole_starts_where_one_part_is_wrong(machine):
    """The configuration of all is checked first."""
    right = machine.path("/etc/fructosa/lmaster.conf").read_text()
    machine.write("/etc/fructosa/lmaster.conf", "[nonsense]\n")

    code, said = machine.service("fructosa", "start")
    machine.write("/etc/fructosa/lmaster.conf", right)

    assert code == 1
    assert "[nonsense]: is no section" in said
    assert "Starting" not in said


def test_a_part_that_does_not_start_leaves_the_others_running_until_the_stop(machine):
    """lmaster keeps its points while Graphite is away."""
    machine.run("rm", "-rf", "/run/fructosa-graphite")
    machine.write("/run/fructosa-graphite", "a file, where carbon's folder should be")

    code, said = machine.service("fructosa", "start")
    status = machine.service("fructosa", "status")[1]
    stop = _fine(machine, "fructosa", "stop")
    machine.path("/run/fructosa-graphite").unlink()

    assert code == 1
    assert "not started: graphite graphite-web" in said
    assert "lmaster: started" in status
    assert "Stopping lmaster" in stop
