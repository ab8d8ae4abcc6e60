"""What is known of Slurm between readings, when it is read, and what is logged."""

import asyncio
import contextlib
import logging
import re
from itertools import pairwise

import pytest

from fructosa_bridge.config.slurm_settings import SlurmSettings
from fructosa_bridge.config.targets import slurm_target
from fructosa_bridge.scrape import schedule
from fructosa_bridge.slurm import metrics as m
from fructosa_bridge.slurm import monitor
from fructosa_bridge.slurm.cluster import samples as work_out
from fructosa_bridge.slurm.command import CommandError, Result
from fructosa_bridge.slurm.monitor import (
    _MOST_WORDS,
    _SHORTEST_PAUSE_S,
    PROBLEM,
    READ_AGAIN,
    SHORT_JOB_AGE,
    UNKNOWN,
    UNKNOWN_WORD,
    SlurmMonitor,
)
from fructosa_bridge.slurm.reader import DOWN, Reader
from fructosa_bridge.slurm_states.kept_states import KeptStates
from tests.bridge.slurm_output.outputs import MARK, recorded

TARGET = slurm_target(60, 9889, "hpc", "plain")
DOWN_TEXT = recorded("down-ping")
# The recorded slurmd ran on one machine.
ONE_MACHINE = recorded("scontrol")
SCONTROL = re.sub(
    r"NodeName=(\w+) (.*) NodeAddr=\S+ NodeHostName=\S+",
    r"NodeName=\1 \2 NodeAddr=\1 NodeHostName=\1",
    ONE_MACHINE,
)


class FakeSlurm:
    """Answers to commands with what was recorded, unless a test replaces it."""

    def __init__(self):
        self.outputs = {name: recorded(name) for name in ("config", "sdiag", "squeue")}
        self.outputs["scontrol"] = SCONTROL
        self.is_up = True
        self.pings = 0

    async def run(self, command, **_):
        """Return what a command prints. Raises: CommandError if it fails."""
        if command[1:] == ["ping"]:
            self.pings += 1
            if not self.is_up:
                raise CommandError("failed", Result.ERROR, DOWN_TEXT)
            return ""
        output = self.outputs["config" if command[-1] == "config" else command[0]]
        if isinstance(output, Exception):
            raise output
        mark = command[-1].rpartition(":0")[2]
        return output.replace(MARK, mark) if command[0] == "squeue" else output


class Lab:
    """A monitor of a fake Slurm, with a clock that a test moves, and what it has queued."""

    def __init__(self, kept=None, **settings):
        self.now_s = 1_795_989_411.0
        self.slurm = FakeSlurm()
        self.batches = []
        settings = SlurmSettings(**settings)
        reader = Reader(settings, self.slurm.run, self.clock)
        self.monitor = SlurmMonitor(settings, TARGET, self.batches.extend, kept, reader, self.clock)

    def clock(self):
        """Return the time."""
        return self.now_s

    async def read(self, after_s=60):
        """Read Slurm when it is due next; return whether it was asked."""
        self.now_s += after_s
        pings = self.slurm.pings
        await self.monitor.read()
        return self.slurm.pings > pings


@pytest.fixture
def lab():
    """A healthy Slurm."""
    return Lab()


@pytest.fixture(autouse=True)
def everything_is_logged(caplog):
    """Whatever level the commands of lmaster have set in other tests."""
    caplog.set_level(logging.INFO, logger="lmaster.slurm")


def logged(caplog):
    """Return the messages since the last time."""
    messages = [one.getMessage() for one in caplog.records if one.name == "lmaster.slurm"]
    caplog.clear()
    return messages


async def test_before_the_first_reading_nothing_is_claimed(lab):
    """Not even that slurmctld is down."""
    assert {m.COMMANDS: {}} == lab.monitor.samples()
    assert UNKNOWN == lab.monitor.find("cpu1")
    assert lab.monitor.is_up is None


async def test_a_reading_gives_samples_and_the_states_of_nodes(lab):
    """And what waits for it is told."""
    told = []
    lab.monitor.listeners.append(told.append)

    await lab.read()

    found = lab.monitor.samples()
    assert ({(): 1.0}, {(): 0.0}) == (found[m.UP], found[m.READING_AGE])
    assert found[m.READING_DURATION][()] >= 0
    assert 7 == found[m.CLUSTER_JOBS]["running",]
    assert 1 == found[m.COMMANDS]["squeue", "ok"]
    assert ("down", True) == lab.monitor.find("dead1")[:2]
    assert ("drained", False) == lab.monitor.find("CPU1")[:2]
    assert [lab.monitor.reading] == told


async def test_several_slurmd_on_a_host_are_expected_if_one_of_them_is(lab):
    """Whichever of them the target is; all of the recorded ones are on the host head."""
    lab.slurm.outputs["scontrol"] = ONE_MACHINE
    await lab.read()

    assert lab.monitor.find("head").is_expected
    assert lab.monitor.find("cpu1").is_expected
    assert UNKNOWN == lab.monitor.find("elsewhere")
    assert UNKNOWN.is_expected


async def test_while_slurmctld_is_away_states_stay_and_figures_do_not(lab):
    """The age of the last reading is there, so that an alert can tell."""
    await lab.read()
    lab.slurm.is_up = False

    await lab.read()

    found = lab.monitor.samples()
    known = {m.UP, m.READING_AGE, m.READING_DURATION, m.COMMANDS, m.TARGETS}
    assert {m.UP} < found.keys() <= known
    assert ({(): 0.0}, {(): 60.0}) == (found[m.UP], found[m.READING_AGE])
    assert 1 == found[m.COMMANDS]["ping", "error"]
    assert "drained" == lab.monitor.find("cpu1").state


@pytest.mark.parametrize("had_been_up", [False, True])
async def test_slurm_is_up_only_together_with_the_figures_of_that_reading(
    lab, had_been_up, monkeypatch
):
    """Working them out takes a tenth of a second, and a scrape may fall into it."""
    if had_been_up:
        await lab.read()
        lab.slurm.is_up = False
        await lab.read()
        lab.slurm.is_up = True
    seen = []

    def samples(*arguments):
        seen.append(lab.monitor.samples())
        return work_out(*arguments)

    monkeypatch.setattr(monitor.cluster, "samples", samples)

    await lab.read()

    assert [None if not had_been_up else {(): 0.0}] == [one.get(m.UP) for one in seen]
    assert m.CLUSTER_JOBS not in seen[0]
    assert {(): 1.0} == lab.monitor.samples()[m.UP]


async def test_nodes_that_cannot_be_read_keep_their_states(lab):
    """While jobs are read."""
    await lab.read()
    lab.slurm.outputs["scontrol"] = ""

    await lab.read()

    found = lab.monitor.samples()
    assert (True, False) == (m.JOBS in found, m.NODES in found)
    assert "drained" == lab.monitor.find("cpu1").state


async def test_states_are_known_after_a_restart_while_slurmctld_is_away(tmp_path, monkeypatch):
    """A drained node is not expected to be up; targets are counted; of the others nothing is."""
    before = Lab(KeptStates(tmp_path, "lab"))
    await before.read()
    after = Lab(KeptStates(tmp_path, "lab"))
    after.slurm.is_up = False

    async with running(after, monkeypatch):
        await until(lambda: after.batches)

    assert before.monitor.find("cpu1") == after.monitor.find("cpu1")
    assert ("drained", False) == after.monitor.find("cpu1")[:2]
    assert UNKNOWN == after.monitor.find("cpu2")
    assert {m.UP, m.COMMANDS, m.TARGETS} == after.monitor.samples().keys()


async def test_what_is_read_replaces_the_states_from_before_a_restart(tmp_path, monkeypatch):
    """And what it says is kept in turn."""
    before = Lab(KeptStates(tmp_path, "lab"))
    await before.read()
    after = Lab(KeptStates(tmp_path, "lab"))
    after.slurm.outputs["scontrol"] = SCONTROL.replace("State=IDLE+DRAIN", "State=IDLE")

    async with running(after, monkeypatch):
        await until(lambda: after.batches)

    assert ("idle", True) == after.monitor.find("cpu1")[:2]
    assert "cpu1" not in {node.name for node in KeptStates(tmp_path, "lab").read()}


async def test_a_cloud_node_that_slurm_hides_is_powered_down(lab):
    """It is listed again when it is powered up."""
    node = next(line for line in SCONTROL.splitlines() if line.startswith("NodeName=spare1 "))
    visible = re.sub(
        r"NodeName=spare1 (.*) State=\S+", r"NodeName=spare1 \1 State=IDLE+CLOUD", SCONTROL
    )
    states = []

    for output in (visible, SCONTROL.replace(f"{node}\n", ""), visible):
        lab.slurm.outputs["scontrol"] = output
        await lab.monitor.read()
        states.append((lab.monitor.find("spare1").state, lab.monitor.find("spare1").is_expected))

    assert [("idle", True), ("powered_down", False), ("idle", True)] == states


async def test_nothing_of_a_hidden_cloud_node_is_allocated(lab):
    """As it was when it was listed: what is allocated is on the other nodes. So after a reload."""
    line = next(one for one in SCONTROL.splitlines() if one.startswith("NodeName=spare1 "))
    hidden = SCONTROL.replace(f"{line}\n", "")
    busy = re.sub("State=\\S+", "State=ALLOCATED+CLOUD", line)
    busy = busy.replace("CPUAlloc=0", "CPUAlloc=4").replace("AllocMem=0", "AllocMem=4000")
    metrics = (m.CLUSTER_CPUS, m.CLUSTER_MEMORY)
    allocated = []
    for output in (hidden, SCONTROL.replace(line, busy), hidden):
        lab.slurm.outputs["scontrol"] = output
        await lab.read()
        allocated.append([lab.monitor.samples()[metric]["allocated",] for metric in metrics])

    reloaded = Lab()
    reloaded.monitor.take_over(lab.monitor)
    reloaded.slurm.outputs["scontrol"] = hidden
    await reloaded.read()

    without, with_node, afterwards = allocated
    of_node = (4, 4000 * 2**20)
    assert with_node == [one + more for one, more in zip(without, of_node, strict=True)]
    assert without == afterwards
    assert "powered_down" == reloaded.monitor.find("spare1").state


async def test_a_node_that_is_resumed_has_its_new_state_at_the_next_reading(lab):
    """And a node that is gone is not listed any more."""
    await lab.read()
    lab.slurm.outputs["scontrol"] = re.sub(
        "NodeName=cpu2 .*\n", "", SCONTROL.replace("State=IDLE+DRAIN", "State=IDLE")
    )

    await lab.read()

    assert ("idle", True) == lab.monitor.find("cpu1")[:2]
    assert UNKNOWN == lab.monitor.find("cpu2")


async def test_slurmctld_is_asked_less_and_less_often_while_it_is_away(lab):
    """After 1, 2, 4 and then 5 intervals of a minute; at each one once it is back."""
    lab.slurm.is_up = False
    asked = [minute for minute in range(1, 20) if await lab.read()]

    assert [1, 2, 4, 8, 13, 18] == asked

    lab.slurm.is_up = True
    asked = [minute for minute in range(1, 10) if await lab.read()]
    assert list(range(4, 10)) == asked


async def test_a_person_who_asks_for_a_reading_gets_one(lab):
    """Also while slurmctld is left alone."""
    lab.slurm.is_up = False
    for _ in range(4):
        await lab.read()
    lab.slurm.is_up = True

    lab.monitor.wake()

    assert await lab.read(0)
    assert lab.monitor.is_up


async def test_a_clock_that_is_set_back_delays_no_reading(lab):
    """The time of the next try would be far in the future."""
    lab.slurm.is_up = False
    await lab.read()
    await lab.read()

    assert await lab.read(-100_000)
    lab.slurm.is_up = True
    lab.now_s += 400
    await lab.read()
    lab.now_s -= 5000
    assert {(): 0.0} == lab.monitor.samples()[m.READING_AGE]


async def test_a_problem_is_logged_when_it_begins_changes_and_ends(lab, caplog):
    """Not at every reading."""
    seen = []
    for answer in (None, "one", "one", "two", None, None):
        output = CommandError(answer, Result.ERROR) if answer else recorded("sdiag")
        lab.slurm.outputs["sdiag"] = output
        await lab.read()
        seen.append(logged(caplog))

    assert [[], [PROBLEM % "one"], [], [PROBLEM % "two"], [READ_AGAIN % "sdiag"], []] == seen


async def test_a_problem_of_which_only_numbers_change_is_logged_once(lab, caplog):
    """As that PrivateData hides jobs: their number changes always."""
    for count in (5, 6, 7):
        lab.slurm.outputs["sdiag"] = CommandError(f"{count} jobs are hidden", Result.HIDDEN)
        await lab.read()

    assert [PROBLEM % "5 jobs are hidden"] == logged(caplog)
    assert {"sdiag": "7 jobs are hidden"} == lab.monitor.problems


async def test_slurmctld_that_is_away_for_a_day_is_two_lines_of_the_log(lab, caplog):
    """When it begins, and when it ends."""
    await lab.read()
    lab.slurm.is_up = False
    for _ in range(24 * 60):
        await lab.read()
    lab.slurm.is_up = True
    for _ in range(6):
        await lab.read()

    text = " ".join(DOWN_TEXT.replace("*", " ").split())
    assert [PROBLEM % DOWN.format(text=text), READ_AGAIN % "ping"] == logged(caplog)


async def test_a_problem_of_which_only_the_quoted_output_changes_is_logged_once(lab, caplog):
    """What another program prints differs from reading to reading."""
    for output in ("garbage", "it's\x1e", 'other "garbage"'):
        lab.slurm.outputs["squeue"] = output
        await lab.read()

    assert 1 == len(logged(caplog))


async def test_unknown_words_are_logged_once_each_and_not_without_end(lab, caplog):
    """A damaged output may hold any."""
    lab.slurm.outputs["squeue"] = recorded("squeue").replace("BeginTime", "Boredom")
    for _ in range(2):
        await lab.read()
    assert [UNKNOWN_WORD % "reason 'Boredom'"] == logged(caplog)

    pattern = re.compile("NodeName=cpu2 .*\n")
    line = pattern.search(recorded("scontrol"))[0]
    lines = "".join(
        line.replace("cpu2", f"x{n}").replace("State=MIXED", f"State=S{n}") for n in range(200)
    )
    lab.slurm.outputs["scontrol"] = pattern.sub(lines, recorded("scontrol"))
    await lab.read()
    assert _MOST_WORDS - 1 == len(logged(caplog))


async def test_ended_jobs_that_vanish_between_two_readings_are_a_warning(caplog):
    """Once; MinJobAge was 300 s."""
    for interval_s, expected in ((60, []), (120, [SHORT_JOB_AGE % (300, 120)])):
        lab = Lab(interval_s=interval_s)
        await lab.read()
        await lab.read()
        assert expected == logged(caplog)


async def test_a_bug_costs_the_series_of_slurm_alone(lab, caplog):
    """It is logged with its traceback; the next reading is tried later."""
    await lab.read()
    lab.slurm.outputs["squeue"] = None  # no text: an AttributeError

    await lab.read()

    assert lab.monitor.is_up is False
    assert "Traceback" in caplog.text
    lab.slurm.outputs["squeue"] = recorded("squeue")
    await lab.read()
    assert lab.monitor.is_up


async def test_points_are_those_of_the_samples_below_the_prefix(lab):
    """At the time that they were due."""
    await lab.read()

    lab.monitor.queue_points(1_795_989_400.0)

    (batch,) = lab.batches
    points = dict(batch.points)
    assert (1_795_989_400, 60) == (batch.time_s, batch.interval_s)
    assert sum(map(len, lab.monitor.samples().values())) == len(points)
    assert all(path.startswith("hpc.slurm.fructosa_slurm_") for path in points)
    assert (1.0, 7.0) == (
        points["hpc.slurm.fructosa_slurm_up"],
        points["hpc.slurm.fructosa_slurm_cluster_jobs.running"],
    )


async def test_points_say_also_that_slurmctld_is_away(lab):
    """The time since the last reading grows."""
    await lab.read()
    lab.slurm.is_up = False
    await lab.read()

    lab.monitor.queue_points(lab.now_s)

    points = dict(lab.batches[0].points)
    assert (0.0, 60.0) == (
        points["hpc.slurm.fructosa_slurm_up"],
        points["hpc.slurm.fructosa_slurm_reading_age_seconds"],
    )
    assert not [path for path in points if "_jobs" in path]


@contextlib.asynccontextmanager
async def running(lab, monkeypatch, jump_s=lambda: 0.0):
    """Run a monitor whose waits move its clock, and then set it by *jump_s*."""

    async def wait(seconds):
        lab.now_s += seconds + jump_s()
        await asyncio.sleep(0)
        return False

    monkeypatch.setattr(lab.monitor, "_is_woken_within", wait)
    task = asyncio.ensure_future(lab.monitor.run())
    yield task
    task.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await task


async def until(holds):
    """Let the loop go on until something holds."""
    async with asyncio.timeout(60):
        while not holds():
            await asyncio.sleep(0)


async def test_it_is_read_at_once_and_then_at_its_own_moments(lab, monkeypatch):
    """Spread over the interval, as scrapes are; points have the time at which they were due."""
    offset_s = schedule.offset(TARGET.identity, 60)
    began_s = lab.now_s

    async with running(lab, monkeypatch):
        await until(lambda: len(lab.batches) >= 4)

    times = [batch.time_s for batch in lab.batches[:4]]
    first = schedule.next_due(began_s, 60, offset_s) - 60
    assert [int(first) + 60 * n for n in range(4)] == times
    assert times[0] <= began_s


async def test_a_reading_is_no_older_after_the_clock_was_set(lab):
    """By nine years, as after a boot with a wrong clock."""
    await lab.read()
    step_s = 9 * 365 * 86400

    lab.now_s += step_s + 7
    lab.monitor.clock_was_set(step_s, lab.now_s)

    assert {(): 7.0} == lab.monitor.samples()[m.READING_AGE]


async def test_a_clock_that_is_set_back_while_it_waits_stops_nothing(lab, monkeypatch):
    """The next reading is due within an interval of the new time."""
    jumps = iter([-100_000.0])

    async with running(lab, monkeypatch, lambda: next(jumps, 0.0)):
        await until(lambda: len(lab.batches) >= 3)

    times = [batch.time_s for batch in lab.batches[:3]]
    assert times[1] < times[0] - 90_000
    assert 60 == times[2] - times[1]


async def test_a_reading_after_a_pause_has_the_due_time_that_has_passed_last(lab, monkeypatch):
    """The machine was suspended while it waited."""
    jumps = iter([0.0, 3630.0])

    async with running(lab, monkeypatch, lambda: next(jumps, 0.0)):
        await until(lambda: len(lab.batches) >= 4)

    times = [batch.time_s for batch in lab.batches[:4]]
    assert [60, 60, 3660] == sorted(after - before for before, after in pairwise(times))


async def test_a_reading_that_never_ends_is_no_sign_that_slurm_is_up(lab):
    """A command on a file server that hangs cannot be killed: what was read last grows old."""
    await lab.read()
    lab.now_s += 2 * 60 + 6 * 15
    assert {(): 1.0} == lab.monitor.samples()[m.UP]

    lab.now_s += 1

    found = lab.monitor.samples()
    assert {(): 0.0} == found[m.UP]
    assert m.CLUSTER_JOBS not in found
    assert lab.monitor.summary()["is_up"] is False  # on the pages and in lmaster slurm too


async def test_between_readings_that_were_asked_for_is_a_pause(lab, monkeypatch):
    """Who reloads again and again must not keep slurmctld busy."""
    pauses = []
    sleep = asyncio.sleep

    async def slept(seconds):
        pauses.append(seconds)
        await sleep(0)

    monkeypatch.setattr("fructosa_bridge.slurm.monitor.asyncio.sleep", slept)
    task = asyncio.ensure_future(lab.monitor.run())
    for readings in range(1, 4):
        while lab.slurm.pings < readings:
            await sleep(0.001)
        lab.monitor.wake()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task

    assert [_SHORTEST_PAUSE_S] == pauses[:1]


async def test_a_person_who_asks_wakes_it(lab):
    """It need not wait until it is due."""
    task = asyncio.ensure_future(lab.monitor.run())
    await until(lambda: lab.batches)

    lab.monitor.wake()

    await until(lambda: lab.slurm.pings == 2)
    assert 1 == len(lab.batches)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
