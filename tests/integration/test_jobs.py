"""Jobs of a real Slurm, from their cgroups to `lmaster job`, beside what they have measured."""

import json
import signal
import subprocess
import tempfile
from contextlib import ExitStack
from pathlib import Path

import pytest
import requests

from .conftest import program
from .processes import BIN, Agent, Master, wait_until
from .slurm import SlurmDatabase
from .slurm_cgroups import SlurmWithCgroups, cannot_write_cgroups

pytestmark = pytest.mark.integration

_WORKS = """\
#!/usr/bin/python3 -SE
import os, resource, time
child = os.fork()
if not child:
    memory = b"1" * 60_000_000
    while time.process_time() < 0.5:
        pass
    os._exit(0)
used = [os.wait4(child, 0)[2], resource.getrusage(resource.RUSAGE_SELF)]
with open("{folder}/used", "w") as file:
    file.write(str(sum(one.ru_utime + one.ru_stime for one in used)))
os._exit(3)
"""
_MIB = 2**20


@pytest.fixture(scope="module")
def slurm():
    """A node whose jobs have cgroups."""
    if reason := cannot_write_cgroups():
        pytest.skip(f"no jobs with cgroups: {reason}")
    with tempfile.TemporaryDirectory(prefix="slurm-") as folder:
        Path(folder).chmod(0o755)
        made = SlurmWithCgroups(folder, more="PrologFlags=Contain\n", cores=True)
        try:
            yield made
        finally:
            made.end()


@pytest.fixture(scope="module")
def agent(slurm, tmp_path_factory):
    """The agent of the node."""
    with agent_of(slurm, tmp_path_factory.mktemp("agent")) as made:
        yield made


def agent_of(slurm, folder):
    """Return the agent of the node of a cluster, with its usual sensors and that of jobs."""
    config = folder / "lagent.conf"
    config.write_text("[lagent]\nalso = SlurmJobs\n")
    (address,) = slurm.addresses.values()
    return Agent(folder, "-c", config, "--host", address)


class JobMaster:
    """The lmaster that keeps the jobs; it can be killed and started again."""

    def __init__(self, folder, slurm, agent):
        self.folder, self.starts = folder, 0
        self.config = folder / "lmaster.conf"
        host, _, port = agent.address.rpartition(":")
        self.config.write_text(
            f"[lmaster]\nport = 0\ndata directory = {folder}/data\n"
            f"[nodes:all]\nhosts = {host}\nport = {port}\n"
            f"[slurm]\nslurm conf = {slurm.conf}\n"
            f"[jobs]\ninterval = 1\ntimeout = 1\nsocket = {folder}/socket\nadmins = daemon\n"
            "[Graphite]\nsend = no\n"
        )
        self.start()

    def start(self):
        """Start it; each start has a log of its own."""
        self.starts += 1
        log = self.folder / f"start{self.starts}"
        log.mkdir()
        self.program = Master(log, "-c", self.config, "--data", self.folder / "data")

    def run(self, *arguments, user=None):
        """Run a command of lmaster."""
        command = [BIN / "lmaster", *arguments, "-c", self.config]
        if user is not None:
            command = ["setpriv", "--reuid", user, "--regid", user, "--clear-groups", *command]
        return subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)

    def read_slurm(self):
        """Make it read Slurm now."""
        url = f"{self.program.url.rstrip('/')}/-/reload"
        requests.post(url, timeout=30).raise_for_status()

    def job(self, job, holds):
        """Return the record of a job once it is as it should be."""

        def now():
            self.read_slurm()
            done = self.run("job", job, "--json")
            found = json.loads(done.stdout) if done.returncode == 0 else None
            return found if found and holds(found) else None

        return wait_until(now, lambda: self.run("job", job, "--json").stdout + self.program.text())


@pytest.fixture(scope="module")
def master(slurm, agent):
    """An lmaster with [jobs], whose configuration everybody may read."""
    with tempfile.TemporaryDirectory(prefix="jobs-") as folder:
        Path(folder).chmod(0o755)
        made = JobMaster(Path(folder), slurm, agent)
        yield made
        made.program.end()


def submit(slurm, text, *options):
    """Submit a script; return the id of the job."""
    script = slurm.folder / "script"
    script.write_text(text)
    usual = ("--parsable", "-D", "/", "-o", "/dev/null", "-c", "1", *options)
    return slurm.run("sbatch", *map(str, usual), str(script)).stdout.strip()


def is_complete(found):
    """Return whether a job has ended, and its node has told of its end."""
    return found["end"] is not None and found["coverage"] == 1


def test_a_job_is_told_as_it_was(slurm, master):
    """What it used to its last moment, and what Slurm says of it."""
    job = submit(slurm, _WORKS.format(folder=slurm.folder), "--mem", "200", "-J", "two words")

    found = master.job(job, is_complete)

    used_s = float((slurm.folder / "used").read_text())
    assert used_s - 0.01 < found["cpu_seconds"] < used_s + 0.01
    assert 60_000_000 < found["memory_peak_bytes"] < 200 * _MIB == found["memory_limit_bytes"]
    assert ("FAILED", "3:0", "two words") == (found["state"], found["exit_code"], found["name"])
    assert (slurm.nodes, 1, 1.0, []) == (
        *(found["nodes"], found["runs"], found["coverage"], found["notes"]),
    )
    text = master.run("job", job).stdout
    assert text.startswith(f"Job {job} of lab: FAILED, exit code 3:0")
    (node,) = slurm.nodes
    listed = master.run("jobs", "--state", "f,oom", "--node", f"{node},nosuchnode", "--since", "1h")
    assert "two words" in listed.stdout
    none = master.run("jobs", "--user", "nosuch")
    assert (0, True) == (none.returncode, "Slurm, which was last read" in none.stderr)


def test_everybody_sees_their_own_jobs(slurm, master):
    """Others' are as unknown as those that there never were; administrators see all."""
    job = submit(slurm, "#!/bin/sh\nsleep 1\n", "--mem", "50", "--uid", "bin")
    found = master.job(job, is_complete)
    unknown = "lmaster: no job {} is known here, or it is not yours; a job appears after the next"

    assert "bin" == found["user"]
    for user in ("root", "daemon", "bin"):
        assert 0 == master.run("job", job, user=user).returncode
    for name in (job, "999"):
        foreign = master.run("job", name, user="games")
        assert (1, unknown.format(name)) == (
            foreign.returncode,
            foreign.stderr.partition(" reading")[0],
        )
    assert [job] == [
        one["id"] for one in json.loads(master.run("jobs", "--json", user="bin").stdout)
    ]
    assert "[]\n" == master.run("jobs", "--json", user="games").stdout


def test_a_requeued_job_has_two_runs(slurm, master):
    """Each with its own figures: the second is not told the first one's."""
    job = submit(slurm, "#!/bin/sh\nexec sleep 300\n", "--mem", "50", "--requeue")
    slurm.wait_for_job(job, "RUNNING")
    master.job(job, lambda found: found["cpu_seconds"] is not None)
    slurm.run("scontrol", "requeue", job)
    slurm.wait_for_job(job, "PENDING")
    # Within the second of its end, slurmd takes it for the run that was ended.
    slurm.run("scontrol", "update", f"job={job}", "StartTime=now+2")
    slurm.wait_for_job(job, "RUNNING")

    second = master.job(job, lambda found: found["restart"] == 1 and found["cpu_seconds"])

    assert (2, "RUNNING", None) == (second["runs"], second["state"], second["end"])
    first, last = json.loads(master.run("job", job, "--all", "--json").stdout)
    assert (["REQUEUED", 0], 1) == ([first["state"], first["restart"]], last["restart"])
    slurm.run("scancel", job)
    ended = master.job(job, lambda found: is_complete(found) and found["state"] != "COMPLETING")
    assert "CANCELLED" == ended["state"]


def test_what_ends_while_lmaster_is_dead_is_told_afterwards(slurm, master):
    """The node keeps it; and what was archived before is still there."""
    works = _WORKS.format(folder=slurm.folder)
    first = submit(slurm, works, "--mem", "200")
    before = master.job(first, is_complete)
    second = submit(slurm, works.replace("0.5:", "2:"), "--mem", "200")
    slurm.wait_for_job(second, "RUNNING")
    master.read_slurm()
    master.program.end(signal.SIGKILL)
    try:
        slurm.wait_for_job(second, "FAILED")
        # root reads the file.
        assert before == json.loads(master.run("job", first, "--json").stdout)
        denied = master.run("job", first, user="games")
        assert (1, True) == (denied.returncode, "only root and lmaster's user" in denied.stderr)
        assert "lmaster does not run; its archive" in master.run("jobs").stderr
    finally:
        master.start()

    found = master.job(second, is_complete)

    used_s = float((slurm.folder / "used").read_text())
    assert used_s - 0.01 < found["cpu_seconds"] < used_s + 0.01
    assert 1.0 == found["coverage"]
    assert before == master.job(first, is_complete)
    copy = master.folder / "copy.sqlite"
    assert 0 == master.run("jobs", "backup", copy).returncode
    assert copy.stat().st_size > 0


def test_what_slurmctld_has_forgotten_is_told_by_slurmdbd(tmp_path):
    """A job that lmaster knew, and one that it never saw: whose they are, how they ended, the use.

    lmaster is killed, they end, and slurmctld forgets them after MinJobAge.
    """
    if reason := cannot_write_cgroups():
        pytest.skip(f"no jobs with cgroups: {reason}")
    program("slurmdbd", "slurmdbd")
    program("mariadbd", "mariadb-server")
    with tempfile.TemporaryDirectory(prefix="slurmdbd-") as folder, ExitStack() as stack:
        Path(folder).chmod(0o755)
        database = SlurmDatabase(folder)
        stack.callback(database.end)
        (place := Path(folder, "cluster")).mkdir()
        more = f"PrologFlags=Contain\n{database.more}"
        slurm = SlurmWithCgroups(place, more, cores=True, name="d", MinJobAge=5)
        stack.callback(slurm.end)
        agent = stack.enter_context(agent_of(slurm, tmp_path))
        (room := Path(folder, "lmaster")).mkdir()
        master = JobMaster(room, slurm, agent)
        stack.callback(lambda: master.program.end())
        works = _WORKS.replace("{folder}/used", "/dev/null").replace("0.5:", "3:")
        known = submit(slurm, works, "--mem", "200", "--uid", "bin")
        master.job(known, lambda found: found["state"] == "RUNNING")
        master.program.end(signal.SIGKILL)
        unknown = submit(slurm, "#!/bin/sh\nsleep 1\nexit 7\n", "--mem", "50", "--uid", "daemon")
        wait_until(
            lambda: not slurm.run("squeue", "-h", "-t", "all").stdout,
            lambda: slurm.run("squeue", "-t", "all").stdout,
        )
        master.start()

        found = [master.job(job, is_complete) for job in (known, unknown)]

    assert [("FAILED", "3:0", "bin", 0), ("FAILED", "7:0", "daemon", 0)] == [
        (one["state"], one["exit_code"], one["user"], one["restart"]) for one in found
    ]
    assert [(1.0, []), (1.0, [])] == [(one["coverage"], one["notes"]) for one in found]
    assert 3.0 < found[0]["cpu_seconds"] < 4.0
    assert 60_000_000 < found[0]["memory_peak_bytes"] < 200 * _MIB
