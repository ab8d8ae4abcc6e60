"""docs/install.md and docs/upgrading.md, carried out from top to bottom in containers.

The four nodes and the head node are the same machine. The test does what the reader of a page would
do with an editor.
"""

import re
import time

import pytest
import whisper

from fructosa_bridge.app.run import STATUS_PAGE
from fructosa_bridge.scrape.ping import ALL_RESPOND, SOME_DO_NOT

from .conftest import missing
from .graphite import VENV
from .openrc import ROOT, machine_or_skip
from .openrc_parts import graphite_or_skip
from .page_machine import PageMachine, missing_programs, program
from .page_script import smaller, steps
from .processes import SERVED_ON
from .test_old_config import LAGENT, LMASTER

# The rules of Debian's package.
RULES = "[carbon]\npattern = ^carbon\\.\nretentions = 60:90d\n"
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
TRIAL = f"{WHISPER}/trial/node001/fructosa_memory_total_bytes.wsp"


@pytest.fixture
def head(tmp_path):
    """A bare container in which /opt/fructosa has what pip would install there."""
    if packages := missing_programs():
        missing(", ".join(packages), f"Debian's {', '.join(packages.values())}")
    tmp_path.chmod(0o755)
    with machine_or_skip(["unshare", "--net"]) as machine:
        yield PageMachine(machine, program(tmp_path / "program"))


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
            code, output = self.head.type(line)
            summary = ALL_RESPOND.format(up=4, targets=5) + SOME_DO_NOT.format(failed=1)
            assert (1, summary) == (code, output.splitlines()[-1]), output
            return
        if line.startswith("lmaster nodes"):
            self.head.machine.wait_for(self._nodes_are_up)
        self.output[line] = self.head.fine(line)

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


class Upgrade:
    """Carries out the steps of the page about upgrading from 0.3."""

    new = "/etc/fructosa/{}-new.conf"

    def __init__(self, head):
        self.head = head
        self.points_of_trial = {}

    def write(self, text):
        """Write a block: the first is for lagent's new file, the second for lmaster's."""
        if "[lagent]" in text:
            self._edit("lagent", r"\[lmaster\]\n[^[]*", text)
            self._edit("lagent", "lagent.log", "lagent-new.log")
        else:
            self.head.machine.write(self.new.format("lmaster"), smaller(text))

    def _edit(self, name, old, text):
        file = self.new.format(name)
        self.head.machine.write(file, re.sub(old, text, self.head.text(file)))

    def type(self, line):
        """Run a line. After lmaster's first run, change the configuration to the old names."""
        if " serve " in line:
            self.head.leave(line, "/var/log/started.log")
            self._wait_for("lagent-new.log", SERVED_ON)
        elif " scrape " in line:
            pid = self.head.leave(line, "/var/log/scrape.log")
            self.head.machine.wait_for(self.head.machine.path(TRIAL).exists)
            self.head.end(pid)
            self.points_of_trial = points(self.head)
            self._use_old_names(line)
        else:
            self.head.fine(line)

    def _use_old_names(self, line):
        self._edit("lmaster", "prefix = trial", "naming = fructosa")
        self.head.leave(line, "/var/log/scrape.log")

    def _wait_for(self, log, pattern):
        self.head.machine.wait_for(lambda: re.search(pattern, self.head.text(f"/var/log/{log}")))


def points(head):
    """Return the points of the last two hours in the file of 0.3: ``{time_s: value}``."""
    (start_s, end_s, step_s), values = whisper.fetch(
        str(head.machine.path(HISTORY)), int(time.time()) - 7200
    )
    times_s = range(start_s, end_s, step_s)
    return {one: value for one, value in zip(times_s, values, strict=True) if value is not None}


def install_0_3(head, now_s):
    """Create the files of an installation of 0.3, and the history of a node."""
    for name, text in (("lagent", LAGENT), ("lmaster", LMASTER)):
        config = text.format(log=f"/var/log/{name}.log", pickle_port=2004)
        head.machine.write(f"/etc/fructosa/{name}.conf", config)
    head.machine.write("/etc/carbon/carbon.conf", CARBON)
    head.machine.write("/etc/carbon/storage-schemas.conf", RULES)
    history = head.machine.path(HISTORY)
    history.parent.mkdir(parents=True)
    whisper.create(str(history), [(60, 1440)])
    whisper.update(str(history), 42.0, now_s - 3600)


def test_the_page_about_upgrading_continues_the_files_of_0_3(head):
    """Their history continues with shorter slots, and the files for a rollback are unchanged."""
    graphite_or_skip()
    now_s = int(time.time())
    install_0_3(head, now_s)
    before = {name: head.text(f"/etc/fructosa/{name}.conf") for name in ("lagent", "lmaster")}
    page = Upgrade(head)

    for step in steps(ROOT / "docs/upgrading.md"):
        (page.write if step.is_file else page.type)(step.text)
        if "whisper-resize" in step.text:  # for which carbon must not run
            head.leave(START_CARBON, "/var/log/carbon.log")
    head.machine.wait_for(lambda: any(one > now_s - 60 for one in points(head)))

    old = {(now_s - 3600) // 60 * 60: 42.0}
    assert old == page.points_of_trial
    assert old.items() <= points(head).items()
    assert 10 == whisper.info(str(head.machine.path(HISTORY)))["archives"][0]["secondsPerPoint"]
    after = {name: head.text(f"/etc/fructosa.0.3/{name}.conf") for name in before}
    assert before == after == {name: head.text(f"/etc/fructosa/{name}.conf") for name in before}
    boards = head.machine.path("/etc/grafana/provisioning/dashboards").rglob("*.json")
    assert "Cluster" in {file.stem.title() for file in boards}
