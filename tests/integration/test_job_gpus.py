"""Which GPUs jobs of a real Slurm have: what lmaster finds out, beside what Slurm told each job."""

import shutil
import tempfile
from pathlib import Path

import pytest

from fructosa_bridge.config.slurm_settings import SlurmSettings
from fructosa_bridge.slurm.reader import Reader
from tests.bridge.slurm_output.record_gpus import GPUCluster

from .conftest import program
from .processes import wait_until

pytestmark = pytest.mark.integration

_TELLS = 'echo "$SLURM_JOB_GPUS" >{folder}/$SLURM_JOB_ID.new && mv {folder}/$SLURM_JOB_ID.new '
_TELLS += "{folder}/$SLURM_JOB_ID.told; exec sleep 300"


@pytest.fixture(scope="module")
def slurm():
    """A cluster whose nodes have GPUs, as far as Slurm knows."""
    program("sbatch", "slurm-client")
    if shutil.which("slurmctld", path="/usr/sbin") is None:
        program("slurmctld", "slurmctld")
    with tempfile.TemporaryDirectory(prefix="slurm-") as folder:
        Path(folder).chmod(0o755)
        made = GPUCluster(folder, nodes=6)
        try:
            yield made
        finally:
            made.end()


def submit(slurm, *options):
    """Submit a job that writes which GPUs Slurm says that it has, and sleeps; return its id."""
    wrapped = _TELLS.format(folder=slurm.folder)
    command = ("sbatch", "--parsable", "-D", "/tmp", "-o", "/dev/null", "--mem=100")
    return slurm.run(*command, *options, "--wrap", wrapped).stdout.strip()


def told(slurm, job):
    """Return the indexes of the GPUs that Slurm told a job."""
    file = slurm.folder / f"{job}.told"
    wait_until(file.exists, lambda: slurm.run("scontrol", "show", "job", job).stdout)
    return {int(index) for index in file.read_text().split(",")}


async def test_jobs_have_the_gpus_that_slurm_told_them(slurm):
    """Alone on a node, beside others, on two nodes, and of a second type."""
    alone = submit(slurm, "-w", "n3", "--gres=gpu:3")
    shared = [submit(slurm, "-w", "n1", f"--gres=gpu:{count}") for count in (1, 2)]
    untyped = [submit(slurm, "-w", "n4", "--gpus=1") for _ in range(2)]
    second_type = submit(slurm, "-w", "n5", "--gres=gpu:v100:1")
    jobs = [alone, *shared, *untyped, second_type]
    expected = {job: told(slurm, job) for job in jobs}
    reader = Reader(SlurmSettings(slurm_conf=slurm.conf))
    reader.reads_gpus = True

    reading = await reader.read()

    assert {} == reader.log.problems
    found = {job: reading.gpus[job] for job in jobs}
    assert expected == {
        job: set().union(*(use.indexes for use in by_node.values()))
        for job, by_node in found.items()
    }
    assert 1 == reader.log.results["details", "ok"]
    await reader.read()
    assert 1 == reader.log.results["details", "ok"]
