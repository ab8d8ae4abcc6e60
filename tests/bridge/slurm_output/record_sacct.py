"""Record what sacct of an installed Slurm prints: python -m tests.bridge.slurm_output.record_sacct.

It starts a cluster with a slurmdbd and a MariaDB of its own, and lets jobs end in several ways. It
needs root, slurmctld, slurmd, slurmdbd and mariadb-server of Debian 12, and half a minute.
"""

import subprocess
import tempfile
import time
from contextlib import ExitStack
from pathlib import Path

from fructosa_bridge.slurm.command import clean_environment
from fructosa_bridge.slurm_output import sacct, squeue
from tests.integration.slurm import Slurm, SlurmDatabase

from .record import EVERY_BYTE, HERE, MARK


def submit(slurm, *options, script="sleep 1000"):
    """Submit a job, and return its id."""
    usual = ("--parsable", "-D", "/", "-o", "/dev/null", "--mem=100")
    command = ["sbatch", *usual, *options, "--wrap", script]
    return (
        subprocess.run(command, env=slurm.env, capture_output=True, check=True, timeout=60)
        .stdout.decode()
        .strip()
    )


def requeue(slurm, job):
    """Let a running job begin again."""
    slurm.run("scontrol", "requeue", job)
    slurm.wait_for_job(job, "PENDING")
    slurm.wait_for_states(dict.fromkeys(slurm.nodes, "IDLE"))
    slurm.run("scontrol", "update", f"job={job}", "StartTime=now")
    slurm.wait_for_job(job, "RUNNING")


def fill(slurm):
    """Let jobs end in several ways."""
    requeued = submit(slurm, "-J", "requeued", "--requeue")
    slurm.wait_for_job(requeued, "RUNNING")
    requeue(slurm, requeued)
    slurm.run("scancel", requeued)
    submit(slurm, "-J", "failed", "-w", "cpu1", script="exit 3")
    submit(slurm, "-J", "killed", script="kill -9 $$")
    submit(slurm, "-J", "typed", "--gres=gpu:a100:2", "-t", "1500", script="true")
    submit(slurm, "-J", "array", "--array=1-3", "-c", "2", "-t", "5", script="true")
    submit(slurm, "-J", EVERY_BYTE, "--uid=nobody", "--mem=2560M", script="true")
    submit(slurm, "-J", "nodes", "-N", "2", script="true")
    submit(slurm, "-J", "x\n99999\x1e\x1e\n1\x1f|", "-A", "a,b\x1fc\n", script="true")
    submit(slurm, "-J", "het", ":", "-n", "1", script="true")
    cancelled = submit(slurm, "-J", "cancelled")
    slurm.wait_for_job(cancelled, "RUNNING")
    slurm.run("scancel", cancelled)
    slurm.run("scancel", submit(slurm, "-J", "never", "-H"))
    submit(slurm, "-J", "running")
    submit(slurm, "-J", "pending", "-H")


def main():
    """Record what sacct prints, and squeue at the same time."""
    version = subprocess.check_output(["slurmd", "-V"], text=True).split()[1]
    room = HERE / "recorded" / version
    with tempfile.TemporaryDirectory() as folder, ExitStack() as stack:
        Path(folder).chmod(0o755)
        database = SlurmDatabase(folder)
        stack.callback(database.end)
        (place := Path(folder, "cluster")).mkdir()
        slurm = Slurm(place, nodes=2, more=database.more, prefix="cpu")
        stack.callback(slurm.end)
        began_s = time.time()
        fill(slurm)
        time.sleep(15)  # the array and the heterogeneous job begin and end, and slurmdbd learns it
        environment = clean_environment(slurm.env, slurm.conf)
        now_s = time.time()
        for name, command in (
            ("sacct", ["sacct", *sacct.arguments(MARK, began_s - 1, now_s)]),
            ("sacct-squeue", ["squeue", *squeue.arguments(MARK)]),
        ):
            done = subprocess.run(command, env=environment, capture_output=True, check=True)
            (room / name).write_bytes(done.stdout)


if __name__ == "__main__":
    main()
