"""Record what scontrol prints of jobs with GPUs: python -m tests.bridge.slurm_output.record_gpus.

It starts a Slurm on loopback with GPUs that do not exist, and needs slurmctld and slurmd of Debian
12.
"""

import re
import subprocess
import sys
import tempfile
from pathlib import Path

from fructosa_bridge.slurm_output import scontrol
from tests.integration.processes import wait_until
from tests.integration.slurm import Slurm

HERE = Path(__file__).parent
ARGUMENTS = ("-a", "-d", "-o", "show", "job")
FILES = ("/dev/zero", "/dev/full", "/dev/null", "/dev/random")
HOSTILE_NAME = "x Nodes=n1 CPU_IDs=0 Mem=1 GRES=gpu:a100:4(IDX:0-3) MinCPUsNode=1"
_GRES = f"""\
NodeName=n[1-3] Name=gpu Type=a100 File={",".join(FILES)}
NodeName=n4 Name=gpu File={",".join(FILES[:2])}
NodeName=n5 Name=gpu Type=a100 File={FILES[0]}
NodeName=n5 Name=gpu Type=v100 File={FILES[1]}
NodeName=n6 Name=gpu Type=a100 File={",".join(FILES[:2])}
NodeName=n6 Name=shard Count=8
"""


class GPUCluster(Slurm):
    """Six nodes: three with four GPUs of one type, and one each without, with two types, shared."""

    def start_controller(self, *arguments):
        """Give the nodes their GPUs, and start slurmctld."""
        kinds = {4: "gpu:2", 5: "gpu:a100:1,gpu:v100:1", 6: "gpu:a100:2,shard:8"}
        text = self.conf.read_text().replace("GresTypes=gpu", "GresTypes=gpu,shard")
        for node in range(1, 7):
            gres = kinds.get(node, "gpu:a100:4")
            text = re.sub(rf"^(NodeName=n{node} .*)$", rf"\1 Gres={gres}", text, flags=re.M)
        self.conf.write_text(text)
        (self.folder / "gres.conf").write_text(_GRES)
        super().start_controller(*arguments)


def _fill(cluster):
    """Start jobs that have GPUs in all ways, and return their ids."""

    def submit(*options):
        return cluster.submit("--mem=100", *options)

    one = submit("-J", "one", "-w", "n1", "--gres=gpu:a100:1")
    jobs = [
        one,
        submit("-J", HOSTILE_NAME, "-w", "n1", "--gres=gpu:a100:1"),
        submit("-J", "array", "-w", "n1", "--gres=gpu:1", "--array=1-2"),
        submit("-J", "two-nodes", "-w", "n2,n3", "-N", "2", "--gres=gpu:2"),
        submit("-J", "uneven", "-w", "n2,n3", "-N", "2", "-n", "3", "--gpus-per-task=1"),
        submit("-J", "untyped", "-w", "n4", "--gpus=1"),
        submit("-J", "untyped", "-w", "n4", "--gpus=1"),
        submit("-J", "second-type", "-w", "n5", "--gres=gpu:v100:1"),
        submit("-J", "shard", "-w", "n6", "--gres=shard:2"),
        submit("-J", "beside-a-shard", "-w", "n6", "--gres=gpu:1"),
        submit("-J", "without", "-w", "n3"),
    ]
    wait_until(
        lambda: cluster.run("squeue", "-h", "-t", "R").stdout.count("\n") >= 12,
        lambda: cluster.run("squeue").stdout,
    )
    cluster.run("scancel", one)
    cluster.wait_for_job(one, "CANCELLED")
    # A heterogeneous job gets the GPU that the cancelled one had.
    jobs.append(submit("-J", "het", "-w", "n1", "--gres=gpu:1", ":", "-w", "n2", "--mem=100"))
    wait_until(
        lambda: "het" in cluster.run("squeue", "-h", "-t", "R", "-o", "%j").stdout,
        lambda: cluster.run("squeue").stdout,
    )


def main():
    """Record jobs and nodes."""
    version = subprocess.check_output(["/usr/sbin/slurmd", "-V"], text=True).split()[1]
    room = HERE / "recorded" / version
    with tempfile.TemporaryDirectory() as folder:
        cluster = GPUCluster(folder, nodes=6)
        try:
            _fill(cluster)
            for name, command in {
                "gpu-jobs": ("scontrol", *ARGUMENTS),
                "gpu-nodes": ("scontrol", *scontrol.ARGUMENTS, "show", "node"),
                "gpu-squeue": (
                    "squeue",
                    "-h",
                    "-t",
                    "all",
                    "-O",
                    "JobID,ArrayJobID,State,NodeList",
                ),
            }.items():
                output = cluster.run(*command).stdout.replace(str(folder), "/srv/slurm")
                output = re.sub(
                    r" OS=.*? RealMemory=", " OS=Linux 6.1.0 #1 SMP RealMemory=", output
                )
                (room / name).write_text(output)
                sys.stderr.write(f"{name}: {output.count(chr(10))} lines\n")
        finally:
            cluster.end()


if __name__ == "__main__":
    main()
