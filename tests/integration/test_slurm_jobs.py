"""lagent with a real Slurm whose jobs have cgroups: what it says of them beside what they used."""

import re
import tempfile
from pathlib import Path

import pytest
import requests

from .processes import Agent, wait_until
from .slurm_cgroups import SlurmWithCgroups, cannot_write_cgroups

pytestmark = pytest.mark.integration

# A child works, so that the kernel tells its parent what it has used.
_JOB = """\
#!/usr/bin/python3 -SE
import os, resource, time
child = os.fork()
if not child:
    memory = bytearray(60_000_000)
    for at in range(0, len(memory), 4096):
        memory[at] = 1
    while time.process_time() < 0.3:
        pass
    os._exit(0)
used = [os.wait4(child, 0)[2], resource.getrusage(resource.RUSAGE_SELF)]
with open("{folder}/used", "w") as file:
    file.write(str(sum(one.ru_utime + one.ru_stime for one in used)))
    file.flush()
    os._exit(0)
"""
_KILLED = "#!/usr/bin/python3 -SE\nmemory = b'1' * 200_000_000\n"


@pytest.fixture(scope="module")
def slurm():
    """A node whose jobs are confined to CPUs and memory."""
    if reason := cannot_write_cgroups():
        pytest.skip(f"no jobs with cgroups: {reason}")
    with tempfile.TemporaryDirectory(prefix="slurm-") as folder:
        made = SlurmWithCgroups(folder, more="PrologFlags=Contain\n", cores=True)
        try:
            yield made
        finally:
            made.end()


def submit(slurm, name, text, *options):
    """Submit a script; return the id of the job."""
    script = slurm.folder / name
    script.write_text(text)
    usual = ("--parsable", "-D", slurm.folder, "-o", "/dev/null", "-c", "1", *options)
    return slurm.run("sbatch", *map(str, usual), str(script)).stdout.strip()


def ended(agent, slurm, job, after=0):
    """Return the values of a job by name, once it has ended; None before.

    There may be other jobs, of another Slurm on this machine.
    """
    labels = f'jobid="{job}",slurmd="{slurm.nodes[0]}"'
    url = agent.url.replace("/metrics", f"/jobs?after={after}")
    page = requests.get(url, timeout=10).text
    found = re.findall(rf"^fructosa_slurm_job_(\w+){{{labels}}} (\S+)$", page, re.MULTILINE)
    values = {name: float(value) for name, value in found}
    return values if "end_age_seconds" in values else None


def test_what_jobs_have_used_is_known_to_their_last_moment(slurm, tmp_path):
    """Their CPU time, the kernel's peak of their memory, and who was killed for lack of it."""
    config = tmp_path / "lagent.conf"
    config.write_text("[sensor:SlurmJobs]\n")
    with Agent(tmp_path, "-c", config) as agent:
        job = submit(slurm, "works", _JOB.format(folder=slurm.folder), "--mem", "200")
        first = wait_until(lambda: ended(agent, slurm, job), agent.text)
        used_s = float(Path(slurm.folder / "used").read_text())
        killed = submit(slurm, "killed", _KILLED, "--mem", "50")
        second = wait_until(lambda: ended(agent, slurm, killed), agent.text)

        assert used_s - 0.01 < first["cpu_seconds_total"] < used_s + 0.01
        assert 60_000_000 < first["memory_peak_bytes"] < 200 * 2**20
        assert (1, 200 * 2**20) == (first["cpus"], first["memory_limit_bytes"])
        assert 0 == first["oom_kills_total"]
        assert second["memory_peak_bytes"] == second["memory_limit_bytes"] == 50 * 2**20
        assert 1 == second["oom_kills_total"]
        assert first["end_sequence"] < second["end_sequence"]
        assert ended(agent, slurm, job, after=int(first["end_sequence"])) is None
