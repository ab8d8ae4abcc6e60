"""docs/install.md and docs/upgrading.md, carried out from top to bottom in containers.

The four nodes and the head node are the same machine. The test does what the reader of a page would
do with an editor.
"""

import re
import shutil
import time

import pytest
import whisper

from fructosa_bridge.app.run import STATUS_PAGE
from fructosa_bridge.scrape.ping import ALL_RESPOND, SOME_DO_NOT
from tests.services import missing

from . import old_version
from .graphite import VENV
from .openrc import ROOT, machine_or_skip
from .openrc_parts import graphite_or_skip
from .packaged import wheelhouse
from .page_machine import HEAD, NODE, PYTHON, PageMachine, missing_programs
from .page_script import smaller, steps
from .test_old_config import LAGENT, LMASTER

# The rules of Debian's package.
RULES = "[carbon]\npattern = ^carbon\\.\nretentions = 60:90d\n"
LEVEL, EACH = ("DEBUG", "INFO"), ("time_interval = 10", "time_interval = 1")
EACH_SECOND = "[all]\npattern = .*\nretentions = 1s:1h\n"
CARBON = """\
[cache]
LOCAL_DATA_DIR = /var/lib/graphite/whisper
STORAGE_DIR = /var/lib/graphite
LOG_DIR = /var/log
PID_DIR = /run
CONF_DIR = /etc/carbon
USER =
MAX_CREATES_PER_MINUTE = inf
CACHE_WRITE_STRATEGY = naive
ENABLE_TAGS = False
"""
START_CARBON = (
    f"GRAPHITE_ROOT=/var/lib/graphite {VENV}/bin/carbon-cache.py --nodaemon "
    "--config=/etc/carbon/carbon.conf start"
)
WHISPER = "/var/lib/graphite/whisper"
HISTORY = f"{WHISPER}/node001/VirtualMemory/percent.wsp"
TRIAL = f"{WHISPER}/trial/node001/VirtualMemory/percent.wsp"


@pytest.fixture
def head(tmp_path_factory):
    """A bare container with a folder of wheels."""
    if packages := missing_programs():
        missing(", ".join(packages), f"Debian's {', '.join(packages.values())}")
    with machine_or_skip(["unshare", "--net", "--uts"]) as machine:
        yield PageMachine(machine, wheelhouse(tmp_path_factory.getbasetemp()))


class Install:
    """Carries out the steps of the page about installing."""

    # The files of its blocks; the third block is for a cluster without Graphite.
    files = ("fructosa/lagent.conf", "carbon/carbon.conf", None, "fructosa/lmaster.conf")
    files = (*files, "conf.d/fructosa")

    def __init__(self, head):
        self.head = head
        self.output = {}
        self._files = iter(self.files)

    def write(self, text):
        """Write a block to its file."""
        if name := next(self._files):
            self.head.machine.write(f"/etc/{name}", smaller(text))

    def type(self, line):
        """Run a line. lmaster's own page does not respond before lmaster runs."""
        if line == "lmaster ping":
            self._ping()
            return
        if " sh " in line:  # all nodes are this machine
            line = f"PYTHON={PYTHON} sh {line.partition(' sh ')[2]}"
        if line.startswith("lmaster nodes"):
            self.head.machine.wait_for(self._nodes_are_up)
        self.output[line] = self.head.fine(line)

    def _ping(self):
        if "rc-service fructosa start" in self.output:  # lmaster runs; lagent may not listen yet
            self.head.machine.wait_for(lambda: self.head.type("lmaster ping")[0] == 0)
            return
        code, output = self.head.type("lmaster ping")
        summary = ALL_RESPOND.format(up=4, targets=5) + SOME_DO_NOT.format(failed=1)
        assert (1, summary) == (code, output.splitlines()[-1]), output

    def _nodes_are_up(self):
        if STATUS_PAGE % "http" not in self.head.text("/var/log/lmaster.log"):
            return False
        page = self.head.type("curl -s http://localhost:9889/api/targets")[1]
        return page.count('"up"') >= 5


def test_after_the_page_about_installing_all_nodes_are_up(head):
    """Services run as their user and start at boot; the firewall admits the head node."""
    head.machine.write("/etc/carbon/storage-schemas.conf", RULES)
    page = Install(head)

    for step in steps(ROOT / "docs/install.md"):
        (page.write if step.is_file else page.type)(step.text)

    assert ["STATE"] == re.findall("^\\w+", page.output["lmaster nodes --state down"], re.MULTILINE)
    assert "ready" in page.output["curl -s http://localhost:9889/-/ready"]
    assert "* lmaster: started" in page.output["rc-service fructosa status"]
    assert 28 == head.type("curl -s -m 0.2 http://127.0.0.1:9888/metrics")[0]  # blocked
    owners = head.machine.run("ps", "-C", "lagent,lmaster", "-o", "user=")[1]
    assert {"fructosa"} == set(owners.split())
    enabled = head.machine.run("rc-update", "--nocolor", "show", "default")[1]
    assert {"lagent", "fructosa"} <= set(re.findall(r"(\w+) \|", enabled))
    wanted = "/etc/systemd/system/multi-user.target.wants/{lagent,lmaster}.service"
    head.fine(f"systemd-analyze verify --recursive-errors=no {wanted}")
    assert "/opt/fructosa/share/man/man1/lmaster.1\n" == head.fine("realpath $(man -w lmaster)")
    head.fine("cat /usr/local/share/bash-completion/completions/lmaster")
    if shutil.which("fish") and shutil.which("zsh"):
        assert "nodes" in head.fine("HOME=/run fish -c \"complete -C 'lmaster nod'\"")
        loaded = "autoload -U compinit; compinit -u -D; echo $_comps[lmaster]"
        assert "_lmaster\n" == head.fine(f"zsh -fc '{loaded}'")


def test_the_script_for_nodes_enables_the_unit_in_an_image(head):
    """In a chroot no init system runs; it can run again in the same image."""
    head.machine.write("/srv/fructosa/lagent.conf", "[lagent]\nhost = 0.0.0.0\n")
    head.fine(f"rm -r /run/openrc; cp {ROOT}/examples/install-node.sh /srv/fructosa")

    for _ in range(2):
        head.fine(f"PYTHON={PYTHON} sh /srv/fructosa/install-node.sh")

    assert "ok" in head.fine("su -s /bin/sh -c 'lagent check' fructosa")
    head.fine("systemctl is-enabled lagent")


class Upgrade:
    """Carries out the steps of the page about upgrading from 0.3, which runs itself."""

    new = "/etc/fructosa/{}-new.conf"

    def __init__(self, head):
        self.head = head
        self.carbon = head.leave(START_CARBON, "/var/log/carbon.log")
        self.trial = None
        self.writers = []
        for name in old_version.PIDS:
            head.fine(f"/usr/local/bin/{name} start")
        head.machine.wait_for(lambda: points(head))

    def write(self, text):
        """Write a block: the first is for lagent's new file, the second for lmaster's."""
        if "[lagent]" in text:
            self._edit("lagent", r"\[(lmaster|Graphite)\]\n[^[]*", "")
            self._edit("lagent", r"\Z", text)
            self._edit("lagent", "lagent.log", "lagent-new.log")
        else:
            names = "".join(f"node00{n} {'node001' if n == 1 else f'n{n}'}\n" for n in range(1, 5))
            self.head.machine.write("/etc/fructosa/names", names)
            self.head.machine.write(self.new.format("lmaster"), smaller(text))

    def _edit(self, name, old, text):
        file = self.new.format(name)
        self.head.machine.write(file, re.sub(old, text, self.head.text(file)))

    def type(self, line):
        """Run a line; before and after it, do what the page says in words."""
        if " scrape " in line:
            self.trial = self.head.leave(line, "/var/log/scrape.log")
            self.head.machine.wait_for(self.head.machine.path(TRIAL).exists)
            return
        if self.trial and line == "/usr/local/bin/lagent stop":
            self.head.end(self.trial)
            self._edit("lmaster", "prefix = trial\n", "")
        if "whisper-resize" in line:
            self.head.end(self.carbon)
        if " nodes " in line:
            self.head.machine.wait_for(lambda: self._are_up(line))
        if line.startswith("ss ") and len(self.writers) == 2:  # the page says: some seconds later
            self.head.machine.wait_for(lambda: writers(self.head.fine(line)))
        output = self.head.fine(line)
        if line.startswith("ss "):
            self.writers.append(writers(output))
        if "whisper-resize" in line:
            self.head.leave(START_CARBON, "/var/log/carbon.log")

    def _are_up(self, line):
        return len(re.findall("^up ", self.head.type(line)[1], re.MULTILINE)) == 4


def writers(output):
    """Return the addresses that are connected to carbon, according to ss."""
    return re.findall(r":2004 +([\d.]+):", output)


def points(head):
    """Return the points of the last two hours in a file of 0.3: ``{time_s: value}``."""
    file = head.machine.path(HISTORY)
    if not file.exists():
        return {}
    (start_s, end_s, step_s), values = whisper.fetch(str(file), int(time.time()) - 7200)
    times_s = range(start_s, end_s, step_s)
    return {one: value for one, value in zip(times_s, values, strict=True) if value is not None}


@pytest.fixture
def old_head(head):
    """A container in which 0.3.2 is installed and configured, and a carbon without a history."""
    graphite_or_skip()
    old_version.install(head.machine.path("/usr/local/bin"))
    head.fine("hostname node001")
    # To reach carbon, a node connects from its own address.
    head.fine(f"ip route change local {HEAD} dev lo table local src {NODE}")
    lagent = LAGENT.format(log="/var/log/lagent.log", pickle_port=2004)
    for old, new in (("[Graphite]\nhost = localhost", f"[Graphite]\nhost = {HEAD}"), LEVEL, EACH):
        lagent = lagent.replace(old, new)
    head.machine.write("/etc/fructosa/lagent.conf", lagent)
    lmaster = LMASTER.format(log="/var/log/lmaster.log", pickle_port=2004)
    head.machine.write("/etc/fructosa/lmaster.conf", lmaster)
    head.machine.write("/etc/carbon/carbon.conf", CARBON)
    head.machine.write("/etc/carbon/storage-schemas.conf", RULES + EACH_SECOND)
    return head


def test_the_page_about_upgrading_continues_the_files_of_0_3(old_head):
    """Before the switch 0.3's agent is the only writer, then nobody, then only the new lmaster."""
    head = old_head
    before = {name: head.text(f"/etc/fructosa/{name}.conf") for name in old_version.PIDS}
    page = Upgrade(head)

    history = {}
    for step in steps(ROOT / "docs/upgrading.md"):
        if step.text.startswith("ss ") and page.trial:
            history = history or points(head)
        (page.write if step.is_file else page.type)(step.text)
    head.machine.wait_for(lambda: max(points(head)) > max(history))

    assert [[NODE], [], ["127.0.0.1"]] == page.writers
    assert len(history) > 1
    assert {one // 10 * 10 for one in history} <= points(head).keys()
    assert 10 == whisper.info(str(head.machine.path(HISTORY)))["archives"][0]["secondsPerPoint"]
    assert before == {name: head.text(f"/etc/fructosa.0.3/{name}.conf") for name in before}
    boards = head.machine.path("/etc/grafana/provisioning/dashboards").rglob("*.json")
    assert "Cluster" in {file.stem.title() for file in boards}
    assert_a_forgotten_agent_cannot_write(head, page)


def assert_a_forgotten_agent_cannot_write(head, page):
    """A node comes back with 0.3: carbon's ports are closed for it."""
    head.fine("/usr/local/bin/lagent -c /etc/fructosa.0.3/lagent.conf start")
    connecting = f"ss -tn state syn-sent dst {HEAD}"
    head.machine.wait_for(lambda: f"{HEAD}:2004" in head.fine(connecting))
    page.type("ss -tn state established '( sport = :2003 or sport = :2004 )'")
    assert ["127.0.0.1"] == page.writers[-1]
