"""lmaster with a real Slurm: its figures beside those of Slurm's own commands, and its bad days."""

import os
import re
import shutil
import signal
import subprocess
import tempfile
import time
from collections import Counter
from contextlib import ExitStack
from pathlib import Path

import pytest
import requests
from prometheus_client.parser import text_string_to_metric_families

from .conftest import program
from .processes import BIN, Agent, Master, free_port, wait_until
from .slurm import Slurm, SlurmDatabase

pytestmark = pytest.mark.integration

# States as sinfo abbreviates them.
_SHORT = {"drng": "draining", "drain": "drained", "mix": "mixed", "alloc": "allocated"}


@pytest.fixture(scope="module")
def slurm():
    """A cluster of four nodes, whose folder everybody may read; n2 has an agent.

    n4 is drained, n2 is draining, n1 was resumed; jobs run, have failed, were requeued, and wait
    for five reasons.
    """
    program("sbatch", "slurm-client")
    if shutil.which("slurmctld", path="/usr/sbin") is None:
        program("slurmctld", "slurmctld")
    with tempfile.TemporaryDirectory(prefix="slurm-") as folder:
        Path(folder).chmod(0o755)
        made = Slurm(folder)
        try:
            made.out_of_time = keep_busy(made)
            yield made
        finally:
            made.end()


def keep_busy(slurm):
    """Submit jobs, and drain two nodes; return a job whose time has run out.

    slurmctld looks for such jobs twice a minute.
    """
    out_of_time = slurm.submit("-w", "n1", "-c", "1", "--mem", "100", "-t", "1")
    slurm.wait_for_job(out_of_time, "RUNNING")
    slurm.run("scontrol", "update", f"job={out_of_time}", "EndTime=now+1")
    running = slurm.submit("-w", "n2", "-c", "3", "--mem", "500", "--gres", "gpu:a100:1")
    slurm.wait_for_job(running, "RUNNING")
    failed = slurm.run("sbatch", "--parsable", "-D", "/tmp", "-o", "/dev/null", "--wrap", "exit 3")
    slurm.wait_for_job(failed.stdout.strip(), "FAILED")
    requeued = slurm.submit("-w", "n3", "-c", "1", "--mem", "100")
    slurm.wait_for_job(requeued, "RUNNING")
    slurm.run("scontrol", "requeue", requeued)
    slurm.submit("-H", "--array", "1-10000%7")
    slurm.submit("-N", "4", "-c", "4", "--gres", "gpu:2", "-J", 'a "name" = with | all\n\x1f\x1e')
    slurm.submit("-c", "4", "-N", "4", "--nice=100")
    slurm.submit("--begin", "now+1hour")
    slurm.submit("-d", f"afternotok:{running}")
    slurm.submit("-L", "matlab:1", "-w", "n1", seconds=300)
    slurm.run("scontrol", "update", "nodename=n1", "state=drain", "reason=a moment")
    slurm.run("scontrol", "update", "nodename=n1", "state=resume")
    slurm.run("scontrol", "update", "nodename=n4", "state=drain", "reason=bad DIMM = [a@1] x")
    slurm.run("scontrol", "update", "nodename=n2", "state=drain", "reason=soon")
    slurm.wait_for_states({"n4": "IDLE+DRAIN"})
    return out_of_time


@pytest.fixture(scope="module")
def agent(tmp_path_factory):
    """The agent of n2."""
    with Agent(tmp_path_factory.mktemp("agent"), "--host", "127.0.2.2") as made:
        yield made


@pytest.fixture(scope="module")
def master(tmp_path_factory, slurm, agent):
    """An lmaster that scrapes n2, and n3 and n4 in vain, and reads Slurm."""
    folder = tmp_path_factory.mktemp("master")
    config = folder / "lmaster.conf"
    config.write_text(
        "[nodes:all]\n"
        f"hosts = 127.0.2.2\nport = {agent.address.rpartition(':')[2]}\ninterval = 1\n"
        f"[nodes:dead]\nhosts = 127.0.2.3, 127.0.2.4\nport = {free_port()}\ninterval = 1\n"
        f"[slurm]\ninterval = 30\nslurm conf = {slurm.conf}\nlabels = users\n"
        f"[Graphite]\nprefix = lab\nwhisper directory = {folder}/whisper\n"
    )
    with Master(folder, "-c", config) as made:
        made.folder, made.config = folder, config
        wait_until(lambda: samples(made).get(("fructosa_slurm_up",)), lambda: "a first reading")
        yield made


def samples(master, page="/metrics"):
    """Return the samples of Slurm on a page by metric and label values, in declared order."""
    text = requests.get(f"{master.url.rstrip('/')}{page}", timeout=30).text
    return {
        (sample.name, *sample.labels.values()): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
        if sample.name.startswith(("fructosa_slurm", "fructosa_node"))
    }


def read_again(master):
    """Make lmaster read Slurm now; return the samples."""
    began_s = time.time()
    requests.post(f"{master.url.rstrip('/')}/-/reload", timeout=30).raise_for_status()

    def fresh():
        found = samples(master)
        age_s = found.get(("fructosa_slurm_reading_age_seconds",))
        return found if age_s is not None and time.time() - age_s > began_s else None

    return wait_until(fresh, lambda: "another reading")


def nodes_by_state(slurm):
    """Return how many nodes sinfo shows in each state, by the names that lmaster uses.

    A star is a node that slurmctld does not reach, which on a busy machine happens to any.
    """
    nodes = Counter()
    for line in slurm.run("sinfo", "-h", "-p", "debug", "-o", "%D %t").stdout.splitlines():
        number, short = line.split()
        state = _SHORT.get(short.rstrip("*-$"), short.rstrip("*-$"))
        is_lost = short.endswith("*") and state not in ("draining", "drained", "down")
        nodes["not_responding" if is_lost else state] += int(number)
    return nodes


def read_between_changes(slurm, master):
    """Return the nodes by state and the samples of a reading during which no state changed."""

    def read():
        before, found = nodes_by_state(slurm), read_again(master)
        return (before, found) if before == nodes_by_state(slurm) else None

    return wait_until(read, lambda: "a reading without a change of state")


def test_the_figures_are_those_of_slurms_own_commands(slurm, master, promtool):
    """Jobs by state and reason, arrays, held and failed jobs; nodes by state, CPUs, GPUs."""
    nodes, found = read_between_changes(slurm, master)

    jobs = slurm.run("squeue", "-h", "-r", "-a", "-t", "all", "-o", "%T %P").stdout.split("\n")[:-1]
    for key, number in Counter(jobs).items():
        state, partition = key.split()
        assert number == found["fructosa_slurm_jobs", partition, state.lower()]
    reasons = Counter(
        slurm.run("squeue", "-h", "-r", "-t", "PD", "-o", "%r").stdout.split("\n")[:-1]
    )
    by_reason = {
        key[1]: value
        for key, value in found.items()
        if key[0] == "fructosa_slurm_cluster_pending_jobs"
    }
    assert reasons.total() == sum(by_reason.values())
    assert {"JobHeldUser": 10_000, "Dependency": 1}.items() <= by_reason.items()
    assert 1 <= by_reason["BeginTime"]  # also the requeued one, for two minutes
    assert 4 == nodes.total()
    assert dict(nodes) == {
        key[1]: value
        for key, value in found.items()
        if key[0] == "fructosa_slurm_cluster_nodes" and value
    }
    allocated, _, _, total = slurm.run("sinfo", "-h", "-o", "%C").stdout.strip().split("/")
    cpus = {
        use: found["fructosa_slurm_cluster_cpus", use] for use in ("allocated", "idle", "other")
    }
    assert (int(allocated), int(total)) == (cpus["allocated"], sum(cpus.values()))
    assert 1 <= found["fructosa_slurm_cluster_gpus", "allocated", "a100"]
    assert 8 == sum(
        value for key, value in found.items() if key[0] == "fructosa_slurm_cluster_gpus"
    )
    submitted = re.search(r"Jobs submitted: (\d+)", slurm.run("sdiag").stdout)[1]
    assert int(submitted) == found["fructosa_slurm_job_events_total", "submitted"]
    page = requests.get(f"{master.url.rstrip('/')}/metrics", timeout=30).text
    assert (0, "") == promtool(page)


def test_a_drained_node_that_is_dead_is_not_expected_and_a_dead_one_is(slurm, master):
    """What slurmctld sets down by itself stays expected: else the alert would end with that."""
    slurm.kill_node("n3")
    slurm.wait_for_states({"n3": "DOWN+NOT_RESPONDING"})
    read_again(master)
    assert 1 == last_expected(master, "127-0-2-3")

    slurm.run("scontrol", "update", "nodename=n3", "state=drain", "reason=replaced")
    read_again(master)

    wait_until(lambda: 0 == last_expected(master, "127-0-2-3"), lambda: "n3 is drained")
    assert 1 == last_expected(master, "127-0-2-2")  # draining: its job goes on


def last_expected(master, node):
    """Return the newest point of fructosa_node_expected of a node."""
    import whisper

    path = master.folder / f"whisper/lab/{node}/fructosa_node_expected.wsp"
    if not path.exists():
        return None
    points = whisper.fetch(str(path), int(time.time()) - 60)[1]
    values = [value for value in points if value is not None]
    return values[-1] if values else None


def test_the_series_of_the_cluster_go_to_graphite_below_slurm(master):
    """At the interval of the readings."""
    folder = master.folder / "whisper/lab/slurm"

    wait_until((folder / "fructosa_slurm_up.wsp").exists, lambda: list(folder.iterdir()))
    assert (folder / "fructosa_slurm_jobs/debug/running.wsp").exists()
    info = subprocess.check_output(
        [
            BIN / "python",
            "-c",
            "import sys, whisper; print(whisper.info(sys.argv[1])['archives'][0]"
            "['secondsPerPoint'])",
            folder / "fructosa_slurm_up.wsp",
        ],
        text=True,
    )
    assert "30" == info.strip()


def test_lmaster_slurm_prints_the_state_with_and_without_a_running_lmaster(slurm, master, tmp_path):
    """The same report; without lmaster, Slurm's commands are run."""
    command = (BIN / "lmaster", "slurm", "-c", master.config)
    asked = subprocess.run(
        [*command, "--url", master.url], capture_output=True, text=True, check=False
    )
    config = tmp_path / "lmaster.conf"
    config.write_text(
        f"[lmaster]\nport = {free_port()}\ndata directory = {tmp_path}\n"
        f"[slurm]\nslurm conf = {slurm.conf}\n"
    )
    direct = subprocess.run(
        [BIN / "lmaster", "slurm", "-c", config], capture_output=True, text=True, check=False
    )

    for done in (asked, direct):
        assert (0, "") == (done.returncode, done.stderr)
        assert "lab (Slurm " in done.stdout
        assert re.search(r"^drained +1 +n4 .*bad DIMM = \[a@1\] x$", done.stdout, re.MULTILINE)
        assert re.search(r"^JobHeldUser +10,000$", done.stdout, re.MULTILINE)


def test_scraping_goes_on_while_slurmctld_hangs(slurm, master):
    """Its series stop but for up and age; what is known of the nodes stays."""
    slurm.slurmctld.process.send_signal(signal.SIGSTOP)
    try:
        requests.post(f"{master.url.rstrip('/')}/-/reload", timeout=30).raise_for_status()
        wait_until(lambda: 0 == samples(master)["fructosa_slurm_up",], lambda: "slurmctld is down")
        found = samples(master)
        assert not [key for key in found if key[0] == "fructosa_slurm_jobs"]
        assert 0 < found["fructosa_slurm_reading_age_seconds",]
        targets = requests.get(f"{master.url.rstrip('/')}/api/targets", timeout=30).json()[
            "targets"
        ]
        alive = next(target for target in targets if target["group"] == "all")
        assert ("up", 0) == (alive["state"], alive["missed"])
        assert 0 == last_expected(master, "127-0-2-4")
    finally:
        slurm.slurmctld.process.send_signal(signal.SIGCONT)
    assert 1 == read_again(master)["fructosa_slurm_up",]
    assert "slurmctld" in master.text()


@pytest.mark.skipif(os.getuid() != 0, reason="only root can run a command as another user")
def test_a_job_that_ran_out_of_time_is_counted_beside_one_that_failed(slurm, master):
    """Each state by itself."""
    slurm.wait_for_job(slurm.out_of_time, "TIMEOUT")

    found = read_again(master)

    states = ("timeout", "failed", "completed")
    counts = [found.get(("fructosa_slurm_jobs", "debug", state)) for state in states]
    assert [1, 1, None] == counts


def test_what_private_data_hides_is_missing_rather_than_zero(slurm, tmp_path):
    """An ordinary user sees an empty queue and no nodes: the report says so, and names the cure."""
    conf = slurm.conf.read_text()
    slurm.conf.write_text(f"{conf}PrivateData=jobs,nodes\n")
    slurm.run("scontrol", "reconfigure")
    for name in ("squeue", "scontrol", "sdiag"):
        wrapper = tmp_path / name
        wrapper.write_text(
            f"#!/bin/sh\nexec setpriv --reuid=65534 --regid=65534 --clear-groups "
            f'{shutil.which(name)} "$@"\n'
        )
        wrapper.chmod(0o755)
    config = tmp_path / "lmaster.conf"
    config.write_text(
        f"[lmaster]\nport = {free_port()}\ndata directory = {tmp_path}\n"
        f"[slurm]\nslurm conf = {slurm.conf}\ncommands = {tmp_path}\n"
    )

    try:
        done = subprocess.run(
            [BIN / "lmaster", "slurm", "-c", config], capture_output=True, text=True, check=False
        )
    finally:
        slurm.conf.write_text(conf)
        slurm.run("scontrol", "reconfigure")

    assert (0, "") == (done.returncode, done.stderr)
    assert re.search(
        r"^squeue: squeue shows 0 pending and running jobs, .*AdminLevel=Operator$",
        done.stdout,
        re.M,
    )
    assert re.search(r"^scontrol: .*permission denied.*AdminLevel=Operator$", done.stdout, re.M)
    assert re.search(r"^debug +up +\? +\? +\? +\?$", done.stdout, re.MULTILINE)


@pytest.mark.skipif(os.getuid() != 0, reason="MariaDB needs root to become its own user")
def test_with_slurmdbd_jobs_are_also_counted_by_account_and_the_cluster_may_be_named(tmp_path):
    """GPUs come from the job's TRES; the commands are called with -M."""
    program("slurmdbd", "slurmdbd")
    program("mariadbd", "mariadb-server")
    with tempfile.TemporaryDirectory(prefix="slurmdbd-") as folder, ExitStack() as stack:
        Path(folder).chmod(0o755)
        database = SlurmDatabase(folder)
        stack.callback(database.end)
        (cluster := Path(folder, "cluster")).mkdir()
        slurm = Slurm(cluster, nodes=1, more=database.more)
        stack.callback(slurm.end)
        account = ("account", "physics", "Cluster=lab", "Description=x", "Organization=y")
        slurm.run("sacctmgr", "-i", "add", *account)
        slurm.run("sacctmgr", "-i", "add", "user", "root", "Account=physics")
        slurm.wait_for_job(slurm.submit("--gres", "gpu:a100:1", "-A", "physics"), "RUNNING")
        config = tmp_path / "lmaster.conf"
        config.write_text(
            f"[nodes:all]\nhosts = 127.0.2.1\nport = {free_port()}\n"
            f"[slurm]\nslurm conf = {slurm.conf}\ncluster = lab\nlabels = accounts, qos\n"
            "[Graphite]\nsend = no\n"
        )
        master = stack.enter_context(Master(tmp_path, "-c", config))
        wait_until(lambda: samples(master).get(("fructosa_slurm_up",)), lambda: "a first reading")

        found, log = samples(master), master.text()

    assert {"ok"} == {key[2] for key in found if key[0] == "fructosa_slurm_commands_total"}, log
    assert 1 == found["fructosa_slurm_account_jobs", "physics", "running"]
    assert 1 == found["fructosa_slurm_account_gpus", "physics"]
    assert 1 == found["fructosa_slurm_qos_jobs", "normal", "running"]


# slurmctld does not list these nodes.
_CLOUD = """\
SuspendProgram=/bin/true
ResumeProgram=/bin/true
SuspendTime=300
NodeName=cloud[1-3] State=CLOUD
PartitionName=cloud Nodes=cloud[1-3] State=UP
"""


def test_two_lmasters_agree_also_when_slurmctld_has_lost_its_state(tmp_path):
    """A hot pair: each has the same series, before and after, also of powered-down cloud nodes."""
    program("sbatch", "slurm-client")
    with ExitStack() as stack:
        (folder := tmp_path / "slurm").mkdir()
        slurm = Slurm(folder, nodes=1, more=_CLOUD)
        stack.callback(slurm.end)
        slurm.wait_for_job(slurm.submit("-c", "2"), "RUNNING")
        config = tmp_path / "lmaster.conf"
        config.write_text(
            f"[nodes:all]\nhosts = 127.0.2.1\nport = {free_port()}\n"
            f"[slurm]\nslurm conf = {slurm.conf}\n[Graphite]\nsend = no\n"
        )
        pair = []
        for name in ("one", "other"):
            (tmp_path / name).mkdir()
            pair.append(stack.enter_context(Master(tmp_path / name, "-c", config)))
        before = [of_the_cluster(read_again(master)) for master in pair]
        slurm.slurmctld.end(signal.SIGKILL)
        slurm.start_controller("-c")  # without what it knew of jobs
        slurm.wait_for_states({"n1": "IDLE"})
        after = [of_the_cluster(read_again(master)) for master in pair]

    assert before[0] == before[1]
    assert 1 == before[0]["fructosa_slurm_cluster_jobs", "running"]
    assert 2 == before[0]["fructosa_slurm_cluster_cpus", "allocated"]
    assert 3 == before[0]["fructosa_slurm_nodes", "cloud", "powered_down"]
    assert after[0] == after[1]
    assert 0 == after[0]["fructosa_slurm_cluster_jobs", "running"]
    assert 0 == after[0]["fructosa_slurm_cluster_cpus", "allocated"]


def of_the_cluster(found):
    """Return the samples that do not change from one moment to the next."""
    names = ("_up", "_jobs", "_nodes", "_cpus", "_memory_bytes", "_gpus", "_licenses")
    return {key: value for key, value in found.items() if key[0].endswith(names)}
