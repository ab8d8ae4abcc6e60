"""Reloads of a running lmaster that writes to a real carbon."""

import signal
import subprocess
from contextlib import ExitStack

import pytest

from fructosa_bridge.app.engine import CHANGES, READ_AGAIN, REFUSED, STAYS_IN_USE
from fructosa_bridge.config.node_names import NAME_TWICE
from fructosa_bridge.deliver.carbon import CONNECTED
from fructosa_bridge.naming import graphite_paths
from fructosa_service.config.load import UNKNOWN_KEY
from fructosa_service.errors import CAN_NOT_BE_READ

from .farm import Farm
from .processes import BIN, Master, wait_until
from .test_scale_out import stored

TIMEOUT_S = 60
# Longer than pauses of a busy machine, so that only a reload can cause a missed slot.
INTERVAL_S = 2
STAYS, GOES, COMES = "127.3.0.1", "127.3.0.2", "127.3.0.3"


def changes(targets, new, changed, removed):
    """Return the line that says what a reload changed."""
    numbers = CHANGES.format(targets=targets, new=new, changed=changed, removed=removed)
    return f"{numbers}\n"


@pytest.fixture
def farm():
    """Three nodes whose pages count their requests."""
    with Farm(3) as running:
        yield running


@pytest.fixture
def lab(tmp_path, farm, start_carbon):
    """An lmaster that scrapes the nodes STAYS and GOES."""
    made = ReloadLab(tmp_path, farm, start_carbon())
    made.write(STAYS, GOES)
    with ExitStack() as stack:
        made.master = stack.enter_context(Master(tmp_path, "-c", made.config))
        made.scraped(STAYS, 1)
        yield made


class ReloadLab:
    """A running lmaster and its configuration."""

    def __init__(self, folder, farm, carbon):
        self.config = folder / "lmaster.conf"
        self.farm, self.carbon = farm, carbon

    def write(self, *hosts, nodes="", more=""):
        """Write a configuration with these nodes; *nodes* are other keys of their section."""
        self.config.write_text(
            f"[nodes:all]\nhosts = {','.join(hosts)}\nport = {self.farm.port}\n"
            f"interval = {INTERVAL_S}\n{nodes}"
            f"[Graphite]\nhost = 127.0.0.1\nprefix = cluster\n"
            f"carbon receiver pickle port = {self.carbon.pickle_port}\n{more}"
        )

    def reload(self):
        """Run `lmaster reload`; return exit code, stdout and stderr."""
        done = subprocess.run(
            [BIN / "lmaster", "reload", "-c", self.config, "--url", self.master.url],
            check=False,
            capture_output=True,
            text=True,
            timeout=60,
        )
        return done.returncode, done.stdout, done.stderr

    def hang_up(self):
        """Send SIGHUP; return the result from the log."""
        before = len(self.master.text())
        self.master.process.send_signal(signal.SIGHUP)
        results = (READ_AGAIN, REFUSED)
        return self.master.wait(
            lambda: next(
                (each for each in results if each % "" in self.master.text()[before:]), None
            )
        )

    def scraped(self, host, times):
        """Wait for *times* more requests to a node."""
        now = self.farm.served()[host]
        wait_until(lambda: self.farm.served()[host] >= now + times, self.farm.served, TIMEOUT_S)

    def assert_no_gap(self, host):
        """Wait until all values of a node are stored; check that each slot has one."""
        path = f"cluster.{graphite_paths.node_part(host)}.ticks"
        served = self.farm.served()[host]
        found = {}

        def came():
            found.update(stored(self.carbon).get(path, {}))
            return len(found) >= served

        wait_until(came, lambda: f"{served}: {found}", TIMEOUT_S)
        times = sorted(found)
        assert [times[0] + n * INTERVAL_S for n in range(len(times))] == times
        assert list(range(len(times))) == [int(found[time_s]) for time_s in times]


def test_a_reload_adds_and_removes_nodes_and_leaves_the_others_alone(lab):
    """By SIGHUP and by the command; a node that stays misses no slot and carbon stays connected."""
    lab.write(STAYS, COMES)
    assert READ_AGAIN == lab.hang_up()
    gone = lab.farm.served()[GOES]
    lab.scraped(COMES, 2)
    assert gone == lab.farm.served()[GOES]
    lab.assert_no_gap(COMES)

    lab.write(STAYS, GOES)
    assert (0, changes(2, 1, 0, 1), "") == lab.reload()
    gone = lab.farm.served()[COMES]
    lab.scraped(GOES, 2)
    assert gone == lab.farm.served()[COMES]

    lab.assert_no_gap(STAYS)
    assert 1 == lab.master.text().count(CONNECTED % "")
    assert 2 == lab.master.text().count(READ_AGAIN % changes(2, 1, 0, 1))


def test_names_are_read_again(lab, tmp_path):
    """From then on the node has new paths; a file with a mistake leaves it its old name."""
    names = tmp_path / "names"
    names.write_text(f"{GOES} n1\n")
    lab.write(STAYS, GOES, nodes=f"names = {names}\n")
    assert (0, changes(2, 0, 1, 0), "") == lab.reload()
    wait_until(lambda: "cluster.n1.ticks" in stored(lab.carbon), lab.master.text)

    names.write_text(f"{GOES} n1\n{STAYS} n1\n")
    code, _, error = lab.reload()
    names.write_text(f"{GOES} n2\n")
    assert (0, changes(2, 0, 1, 0), "") == lab.reload()
    wait_until(lambda: "cluster.n2.ticks" in stored(lab.carbon), lab.master.text)

    assert 2 == code
    wrong = NAME_TWICE.format(one=GOES, first=1, other=STAYS, second=2, name="n1")
    assert f"{lab.config}:5: [nodes:all] names: '{names}' {wrong}" in error


def test_a_broken_file_is_refused_and_the_old_one_stays_in_use(lab):
    """The client and the log get file and line; after that, a valid file is accepted."""
    lab.write(COMES, more="prot = 5\n")
    code, stdout, stderr = lab.reload()
    by_signal = lab.hang_up()
    requests = lab.farm.served()[COMES]
    lab.scraped(STAYS, 1)
    lab.config.unlink()
    away = lab.reload()
    lab.write(STAYS)
    applied = lab.reload()

    assert (2, "") == (code, stdout)
    line = f"{lab.config}:9: [Graphite] prot: {UNKNOWN_KEY}"
    assert stderr.startswith(line)
    assert stderr.endswith(f"{STAYS_IN_USE}\n")
    assert REFUSED == by_signal
    assert REFUSED % line in lab.master.text()
    assert 0 == requests == lab.farm.served()[COMES]
    assert 2 == away[0]
    reason = CAN_NOT_BE_READ.format(reason="No such file or directory")
    assert f"{lab.config}: {reason}" in away[2]
    assert (0, changes(1, 0, 0, 1), "") == applied
    lab.assert_no_gap(STAYS)


def test_what_was_scraped_before_the_exit_is_delivered(lab):
    """Even if there was a reload just before."""
    lab.write(STAYS, COMES)
    lab.hang_up()
    lab.scraped(COMES, 1)
    lab.scraped(STAYS, 1)

    assert 0 == lab.master.end()
    lab.assert_no_gap(STAYS)
