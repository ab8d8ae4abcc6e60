"""Faults between lmaster and a real carbon: no value that a node served may be lost.

Each node counts its pages, so that each value is unique. test-output/faults.md compares what was
served with what is in the Whisper files.
"""

import os
import re
import resource
import signal
import subprocess
import time
from contextlib import ExitStack, suppress
from itertools import product

import pytest

from fructosa_bridge.model.points import Batch
from fructosa_bridge.queue.journal import CANNOT_WRITE, ON_DISK_AGAIN, Journal
from fructosa_bridge.queue.segments import Segments
from fructosa_bridge.queue.spool import Spool
from tests.services import missing

from .faults_lab import Lab
from .faults_nodes import GARBAGE, GIGABYTE, HANGS, PARTS
from .faults_relay import Relay
from .faults_table import markdown
from .processes import wait_until


@pytest.fixture(scope="module")
def rows(request):
    """The rows of the table, which is written after all tests of this module."""
    made = []
    yield made
    output = request.config.rootpath / "test-output"
    output.mkdir(exist_ok=True)
    (output / "faults.md").write_text(markdown(made))


@pytest.fixture
def lab(tmp_path, graphite, rows):
    """Nodes and a running carbon."""
    made = Lab(tmp_path, graphite, rows)
    yield made
    if graphite.carbon.process.poll() is None:
        graphite.carbon.process.send_signal(signal.SIGCONT)
    made.end()


def test_a_restart_of_carbon_loses_nothing(lab, graphite):
    """lmaster resends what carbon had not written, and sends what was scraped meanwhile."""
    lab.both("ended")
    lab.pages(1)

    graphite.end_carbon(signal.SIGTERM)
    lab.noticed("refused")
    lab.pages(1)
    graphite.start_carbon()

    assert [] == lab.compare("carbon ended by SIGTERM, started again")


def test_a_carbon_that_hangs_and_continues_loses_nothing(lab, graphite):
    """In the end it reads what the kernel has buffered."""
    lab.both("hung")
    lab.pages(1)

    graphite.carbon.process.send_signal(signal.SIGSTOP)
    lab.pages(3)
    graphite.carbon.process.send_signal(signal.SIGCONT)
    lab.pages(1)

    assert [] == lab.compare("carbon hung (SIGSTOP), continued")


def killed(streams):
    """Kill lmasters; return the time."""
    for stream in streams:
        stream.master.end(signal.SIGKILL)
    return time.time()


def test_a_carbon_that_hangs_and_is_killed_loses_nothing(lab, graphite):
    """lmaster's sends had succeeded, so it must resend more than a carbon that reads would need.

    An lmaster that is killed meanwhile loses at most a second; the next one resends the rest.
    """
    go_on, end = lab.both("hungkilled"), lab.both("bothkilled")
    lab.pages(1)
    lab.files()

    graphite.carbon.process.send_signal(signal.SIGSTOP)
    lab.pages(3)
    killed_s = killed(end)
    lab.pages(8)
    graphite.end_carbon(signal.SIGKILL)
    graphite.start_carbon()
    lab.start(end)
    lab.pages(1)

    assert [] == lab.compare("carbon hung (SIGSTOP), killed, started again", streams=go_on)
    assert [] == lab.compare(
        "carbon hung, lmaster killed, carbon killed, both started again",
        killed_s=killed_s,
        streams=end,
    )


def test_connections_cut_in_the_middle_of_a_batch_lose_nothing(lab, graphite):
    """lmaster resends what came after the cut on the next connection, and carbon parses it."""
    cuts, relays, streams = [333, 1000, 2750], [], {"FIN": [], "RST": []}
    ports = {"pickle": graphite.pickle_port, "plaintext": graphite.line_port}
    with ExitStack() as stack:
        for name, (protocol, port) in product(streams, ports.items()):
            relays.append(stack.enter_context(Relay(port, cuts, is_reset=name == "RST")))
            one = lab.stream(f"cut{name}-{protocol}", protocol, port=relays[-1].port)
            streams[name].append(one)
        wait_until(lambda: not any(relay.cuts_left for relay in relays), lambda: "cuts")
        lab.pages(1)

        for name, cut in streams.items():
            fault = f"connection cut in the middle of a batch by {name}"
            assert [] == lab.compare(fault, f"{len(cuts)} times", streams=cut)


def test_an_outage_in_which_lmaster_is_killed_loses_nothing_that_was_queued(lab, graphite):
    """A power cut also tears the end of the queue, which lmaster counts."""
    go_on, end = lab.both("killedcarbon"), lab.both("killed")
    whole, torn = end
    lab.pages(1)
    lab.files()
    lab.pages(1)  # carbon has not written all of them yet

    graphite.end_carbon(signal.SIGKILL)
    lab.noticed("refused")
    lab.pages(2)
    killed_s = killed(end)
    newest = max((torn.data / "queue").glob("*.segment"))
    os.truncate(newest, newest.stat().st_size - 10)
    graphite.start_carbon()
    lab.start(end)
    lab.pages(1)
    torn_bytes = torn.metric("fructosa_master_queue_torn_bytes_total")

    assert [] == lab.compare("carbon ended by SIGKILL, started again", streams=go_on)
    assert [] == lab.compare(
        "lmaster killed in an outage, started again",
        f"the end of one of two queues was torn; lmaster counts {torn_bytes:g} torn bytes",
        killed_s=killed_s,
        streams=end,
    )
    assert torn_bytes > 0
    assert 0 == whole.metric("fructosa_master_queue_torn_bytes_total")
    assert [1, 1] == [stream.metric("fructosa_master_queue_was_killed") for stream in end]


def mount(*arguments):
    """Run mount or umount."""
    return subprocess.run(arguments, check=False, capture_output=True, text=True, timeout=10)


@pytest.fixture
def disk(tmp_path):
    """A filesystem of 1 MiB."""
    folder = tmp_path / "disk"
    folder.mkdir()
    done = mount("mount", "-t", "tmpfs", "-o", "size=1m", "none", folder)
    if done.returncode:
        missing("a filesystem for the test", f"mount as root: {done.stderr.strip()}")
    yield folder
    mount("umount", "-l", folder)


def wait_for_on_disk(stream, value):
    """Wait until the metric of the queue on disk has a value."""
    name = "fructosa_master_queue_on_disk"
    wait_until(lambda: stream.metric(name) == value, stream.master.text, pause_s=0.1)


def test_a_full_disk_loses_nothing_and_the_queue_returns_to_it(lab, graphite, disk):
    """The queue continues in memory, with an error in the log; everything is delivered."""
    stream = lab.stream("full", data=disk / "data")
    lab.pages(1)
    lab.files()

    with (disk / "ballast").open("wb", buffering=0) as ballast, suppress(OSError):
        while True:
            ballast.write(bytes(2**16))
    stream.master.wait_for_output(re.escape(CANNOT_WRITE) % ".*No space left.*")
    wait_for_on_disk(stream, 0)
    lab.pages(1)
    graphite.end_carbon(signal.SIGKILL)
    lab.noticed("refused")
    lab.pages(1)
    in_memory = stream.metric("fructosa_master_queue_memory_points")
    (disk / "ballast").unlink()
    stream.master.wait_for_output(re.escape(ON_DISK_AGAIN % (disk / "data" / "queue")))
    lab.pages(1)
    graphite.start_carbon()
    lost = lab.compare(
        "disk full, carbon killed, disk space freed, carbon started again",
        f"{in_memory:g} points were only in memory",
    )

    assert [] == lost
    assert in_memory >= 10 * PARTS
    wait_for_on_disk(stream, 1)
    assert 0 == stream.metric("fructosa_master_points_dropped_total")


def test_a_read_only_disk_loses_nothing_and_the_queue_uses_it_later(lab, disk):
    """lmaster starts, logs an error, and delivers from memory."""
    mount("mount", "-o", "remount,ro", disk)
    stream = lab.stream("readonly", data=disk / "data")

    stream.master.wait_for_output(re.escape(CANNOT_WRITE) % ".*Read-only file system")
    lab.pages(2)
    mount("mount", "-o", "remount,rw", disk)
    stream.master.wait_for_output(re.escape(ON_DISK_AGAIN % (disk / "data" / "queue")))
    lab.pages(1)

    assert [] == lab.compare("disk read-only at the start, writable later")
    wait_for_on_disk(stream, 1)
    assert [] != list((disk / "data/queue").glob("*.segment"))


OUTAGE_S = 600
OLD_NODES = 6
REPLAY_RATE = 6000


def queued(folder, name, port, prefix):
    """Fill a queue as after an outage of ten minutes; return the times of the nodes' pages."""
    journal = Journal(Segments(folder, 2**30, 3600.0))
    spool = Spool(10**6, journal, f"carbon at 127.0.0.1:{port}")
    journal.add(spool)
    journal.open()
    began_s = int(time.time()) - OUTAGE_S - 60
    for number in range(OUTAGE_S):
        for node in range(OLD_NODES):
            points = [
                (f"{prefix}.127-2-9-{node}.ticks.part.{n}", float(number)) for n in range(PARTS)
            ]
            batches = [Batch(began_s + number, 1, points)]
            spool.extend(batches, journal.extend(batches))
    journal.close()
    times = [float(began_s + number) for number in range(OUTAGE_S)]
    return {(f"/{name}", f"127.2.9.{node}"): times for node in range(OLD_NODES)}


class Arrivals:
    """The lines sent to carbon: arrival time, age, and whether the point was in the old queue."""

    def __init__(self):
        self.seen = []
        self._rest = b""

    def __call__(self, received):
        now_s = time.time()
        *lines, self._rest = (self._rest + received).split(b"\n")
        for line in lines:
            path, _, second = line.split()
            self.seen.append((now_s, now_s - int(second), b".127-2-9-" in path))


def test_ten_minutes_are_replayed_at_the_configured_rate_without_delaying_new_points(lab, graphite):
    """New points are sent in between, and no points are lost."""
    arrivals, name = Arrivals(), "replayed"
    with Relay(graphite.line_port, seen=arrivals) as relay:
        waited = queued(lab.folder / "queued/queue", name, relay.port, name)
        lab.look_back(OUTAGE_S + 120)
        lab.stream(
            name,
            "plaintext",
            port=relay.port,
            data=lab.folder / "queued",
            more=f"replay rate = {REPLAY_RATE}",
        )
        old_points = OUTAGE_S * OLD_NODES * PARTS
        wait_until(lambda: sum(old for *_, old in arrivals.seen) >= old_points, lambda: "replay")
        replayed = [when_s for when_s, _, old in arrivals.seen if old]
        took_s = replayed[-1] - replayed[0]
        ages_s = [age for when_s, age, old in arrivals.seen if not old and when_s < replayed[-1]]
        lab.nodes.times.update(waited)
        lost = lab.compare(
            "outage of 600 slots, replayed",
            f"{old_points:,} old points in {took_s:.1f} s at {REPLAY_RATE:,}/s; fresh points "
            f"meanwhile at most {max(ages_s):.1f} s old",
        )

    assert [] == lost
    assert took_s > old_points / REPLAY_RATE / 2
    assert max(ages_s) < took_s / 2


STEPPED_CLOCK = """
import os, time
_now = time.time
def _shifted():
    with open(os.environ["FRUCTOSA_TEST_SHIFT"]) as file:
        return _now() + float(file.read())
time.time = _shifted
"""


@pytest.fixture
def clock(tmp_path, monkeypatch):
    """A function that sets the offset of lmaster's clock in seconds."""
    folder = tmp_path / "clock"
    folder.mkdir()
    (folder / "sitecustomize.py").write_text(STEPPED_CLOCK)
    monkeypatch.setenv("PYTHONPATH", str(folder), prepend=os.pathsep)
    monkeypatch.setenv("FRUCTOSA_TEST_SHIFT", str(folder / "shift"))

    def step(shift_s):
        made = folder / "new"
        made.write_text(f"{shift_s}")
        made.replace(folder / "shift")

    return step


def test_a_clock_that_is_set_forward_and_back_loses_nothing(lab, clock):
    """Points have the time of the clock; a slot that occurs twice is written only once.

    Those that the clock jumps over have never been: each target counts one at most.
    """
    shifts = [-1800.0, -1500.0, -1900.0, -1901.5]
    clock(shifts[0])
    lab.look_back(2000)
    stream = lab.stream("stepped")
    for shift in shifts:
        clock(shift)
        lab.pages(2)

    lost = lab.compare(
        "clock set forward by 5 min, back by 7, back by 1.5 s", shifts=[*shifts, -1902.5]
    )

    assert [] == lost
    assert stream.metric("fructosa_master_slots_missed_total") <= 10 * 2
    assert 0 == stream.metric("fructosa_master_points_dropped_total")


@pytest.fixture
def many_files():
    """A limit of some thousand open files, which lmaster inherits."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, min(hard, 8192)), hard))
    yield
    resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


@pytest.mark.usefixtures("many_files")
def test_three_bad_nodes_do_not_disturb_a_thousand_others(lab):
    """One hangs, one serves a gigabyte, one garbage; the others miss no slot."""
    stream = lab.stream(
        "many", hosts=f"127.2.[1-4].[1-250],{HANGS},{GIGABYTE},{GARBAGE}", interval=3, parts=1
    )
    wait_until(lambda: len(stream.times()) == 1000, lambda: "all nodes", pause_s=0.1)
    lab.pages(1)

    lost = lab.compare("a node hangs, one serves a gigabyte, one garbage, among 1,000")

    assert [] == lost
    assert 0 == stream.metric("fructosa_master_slots_missed_total")
    for node in stream.times():
        seconds = [second for _, second in stream.stored(node, 0, 0)]
        assert list(range(min(seconds), max(seconds) + 1, 3)) == seconds
    log = stream.master.text()
    for bad in HANGS, GIGABYTE, GARBAGE:
        assert f"test/{bad}:{lab.nodes.port}: " in log
