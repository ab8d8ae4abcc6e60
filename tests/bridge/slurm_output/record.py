"""Record what the commands of an installed Slurm print: python -m tests.bridge.slurm_output.record.

It starts a cluster of its own with jobs and nodes in many states, in namespaces that end with it.
It needs root, slurmctld and slurmd of Debian 12, and two and a half minutes.
"""

import os
import re
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterable
from pathlib import Path

from fructosa_bridge.slurm.command import clean_environment
from fructosa_bridge.slurm_output import scontrol, squeue

HERE = Path(__file__).parent
MARK = "\x1e0123456789abcdef"
"""What squeue was called with, instead of a random mark."""

EVERY_BYTE = bytes(range(1, 256))
"""The name of one of the jobs."""

FORGED_NODE = (
    "NodeName=ghost CPUAlloc=0 CPUTot=99 NodeAddr=ghost NodeHostName=ghost RealMemory=1 AllocMem=0 "
    "State=IDLE Partitions=debug"
)
HOSTILE_REASON = f"bad State=IDLE [root@1] | Partitions=x\\ '\"\t{FORGED_NODE}"

_CONFIG = """
ClusterName=hpc
SlurmctldHost=head(127.0.0.1)
SlurmUser=root
SlurmdUser=root
AuthType=auth/none
CredType=cred/none
SlurmctldPort=26817
StateSaveLocation={folder}/state
SlurmctldPidFile={folder}/slurmctld.pid
SlurmctldLogFile={folder}/slurmctld.log
SlurmdSpoolDir={folder}/%n
SlurmdPidFile={folder}/%n.pid
SlurmdLogFile={folder}/%n.log
SlurmdParameters=config_overrides
DebugFlags=NO_CONF_HASH
MailProg=/bin/true
MpiDefault=none
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
JobAcctGatherType=jobacct_gather/none
SelectType=select/cons_tres
SelectTypeParameters=CR_Core_Memory
SchedulerParameters=batch_sched_delay=0,bf_interval=2,sched_interval=2
MaxArraySize=20000
MaxJobCount=20000
ReturnToService=0
SlurmdTimeout=10
KillWait=2
MinJobAge=300
SuspendProgram=/bin/true
ResumeProgram=/bin/true
SuspendTime=100000
Licenses=solver:3,matlab:10
GresTypes=gpu
NodeName=DEFAULT CPUs=4 Boards=1 SocketsPerBoard=1
NodeName=DEFAULT CoresPerSocket=4 ThreadsPerCore=1 RealMemory=4000
NodeName=cpu[1-4] NodeHostname=head NodeAddr=127.0.0.1 Port=[27001-27004]
NodeName=typed1 NodeHostname=head NodeAddr=127.0.0.1 Port=27005 Gres=gpu:a100:2
NodeName=plain1 NodeHostname=head NodeAddr=127.0.0.1 Port=27006 Gres=gpu:2
NodeName=dead1 NodeHostname=head NodeAddr=127.0.0.1 Port=27007
NodeName=spare1 NodeHostname=head NodeAddr=127.0.0.1 Port=27008
NodeName=cloud1 NodeHostname=head NodeAddr=127.0.0.1 Port=27009 State=CLOUD
NodeName=later1 NodeHostname=head NodeAddr=127.0.0.1 Port=27010 State=FUTURE
PartitionName=debug Nodes=cpu[1-4],dead1,spare1,cloud1,later1 Default=YES
PartitionName=gpu Nodes=typed1,plain1
PartitionName=everything Nodes=ALL
PartitionName=closed Nodes=cpu1 State=DOWN
PartitionName=empty
"""
_GPUS = "NodeName=typed1 Name=gpu Type=a100 File={files}\nNodeName=plain1 Name=gpu File={files}\n"
_LIVE = ("cpu1", "cpu2", "cpu3", "cpu4", "typed1", "plain1", "dead1", "spare1")


class Cluster:
    """A Slurm in a folder; it ends with the namespace of its processes."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.config = folder / "slurm.conf"
        self.config.write_text(_CONFIG.format(folder=folder).strip() + "\n")
        (folder / "gres.conf").write_text(_GPUS.format(files="/dev/zero,/dev/full"))
        self.environment = clean_environment(os.environ, self.config)

    def start(self) -> None:
        """Start the daemons, and wait until the nodes are idle."""
        self.call("slurmctld", "-c")
        for name in _LIVE:
            (self.folder / name).mkdir()
            self.call("slurmd", "-N", name, "-c")
        self.wait_for(lambda: self.count("sinfo", "-hNtidle", "-p", "everything") >= 8)
        os.kill(int((self.folder / "dead1.pid").read_text()), signal.SIGKILL)

    def run(
        self, *command: str | bytes, standard_input: str = ""
    ) -> subprocess.CompletedProcess[bytes]:
        """Run a command."""
        environment, text = self.environment, standard_input.encode()
        return subprocess.run(
            command, input=text, capture_output=True, env=environment, timeout=60, check=False
        )

    def call(self, *command: str | bytes) -> str:
        """Return what a command prints; report if it fails."""
        done = self.run(*command)
        if done.returncode:
            sys.stderr.write(f"{command}: {done.stderr.decode(errors='replace')}\n")
        return done.stdout.decode(errors="replace")

    def count(self, *command: str) -> int:
        """Return how many lines a command prints."""
        return len(self.call(*command).splitlines())

    def wait_for(self, is_so, seconds: int = 100) -> None:
        """Wait until it is so."""
        for _ in range(seconds):
            if is_so():
                return
            time.sleep(1)
        raise TimeoutError

    def submit(self, *options: str | bytes, script: str = "sleep 1000") -> str:
        """Submit a job, and return its id."""
        command = ["sbatch", "--parsable", "-D", "/", "-o", "/dev/null", "--mem=100", *options]
        return self.call(*command, "--wrap", script).strip()

    def state(self, job: str) -> str:
        """Return the state of a job, and why it has it."""
        return self.call("squeue", "-h", "-t", "all", "-o", "%T %r", "-j", job).strip()

    def is_in(self, states: str, *jobs: str) -> bool:
        """Return whether all these jobs are in one of these states."""
        return all(self.state(job).partition(" ")[0] in states.split() for job in jobs)

    def set_node(self, name: str, *changes: str) -> None:
        """Change a node, as its administrator does."""
        self.call("scontrol", "update", f"nodename={name}", *changes)


def _fill(cluster: Cluster) -> None:
    """Bring jobs and nodes into all their states."""
    submit = cluster.submit
    timed_out = submit("-J", "timed-out", "-w", "cpu1", "-t", "1")
    failed = submit("-J", "failed", "-w", "cpu1", script="exit 3")
    killed = submit("-J", "killed", "-w", "cpu1", script="kill -9 $$")
    completed = submit("-J", "completed", "-w", "cpu1", script="true")
    cluster.wait_for(lambda: cluster.is_in("FAILED COMPLETED", failed, killed, completed))
    requeued = submit("-J", "requeued", "-w", "cpu1")
    cancelled = submit("-J", "cancelled", "-w", "cpu1")
    running = [
        submit("-J", "running", "-w", "cpu2", "-t", "60", "-L", "solver:3"),
        submit("-J", EVERY_BYTE, "--uid=nobody", "-w", "cpu2"),
        submit("-J", "array", "-w", "cpu2", "--array=1-9:2%1"),
        submit("-J", "draining", "-w", "cpu3"),
        submit("-J", "typed", "-p", "gpu", "--gres=gpu:a100:1"),
        submit("-J", "plain", "-p", "gpu", "-w", "plain1", "--gpus=2"),
        submit("-J", "whole", "-w", "cpu4", "--exclusive"),
    ]
    cluster.wait_for(lambda: cluster.is_in("RUNNING", requeued, cancelled, *running[:2]))
    cluster.call("scontrol", "requeue", requeued)
    cluster.call("scancel", cancelled)
    submit("-J", "resources", "-w", "cpu4", "--exclusive")
    submit("-J", "priority", "-w", "cpu4", "--nice=100")
    submit("-J", "dependency", "-d", f"afterok:{running[0]}")
    submit("-J", "never", "-d", f"afterok:{failed}")
    submit("-J", "begin", "-b", "now+10days")
    submit("-J", "held", "-H")
    held = submit("-J", "held-by-admin", "-b", "now+10days", "--uid=nobody")
    cluster.call("scontrol", "hold", held)
    submit("-J", "licenses", "-L", "solver:1", "-w", "cpu1")
    submit("-J", "partition", "-p", "closed")
    submit("-J", "partitions", "-p", "debug,everything", "-w", "cpu4", "--exclusive")
    submit("-J", "ten-thousand", "-H", "--array=0-9999")
    submit("-J", "tasks", "-w", "cpu4", "-n", "4", "--array=1-3,7,11-19:4")
    submit("-J", "gpus", "-p", "gpu", "--gpus=a100:2")
    submit("-J", "gpus-per-node", "-p", "gpu", "-N", "2", "--gpus-per-node=2")
    submit("-J", "gpus-per-task", "-p", "gpu", "-n", "2", "--gpus-per-task=2")
    submit("-J", "gpus-per-socket", "-p", "gpu", "--sockets-per-node=1", "--gpus-per-socket=2")
    submit("-J", "het", "-N", "4", "--exclusive", ":", "-N", "1", "--exclusive")
    submit("-J", "x\n99999\x1f99999\x1fN/A\x1f\x1e\n1\x1f", "-H")
    submit("-J", "\n", "-H", "-A", "a,b\x1fc\n")
    submit("-J", "free-type", "-H", "-p", "gpu", "--gres=gpu:a\x1fb:2")
    cluster.set_node("cpu3", "state=drain", "reason=soon out")
    cluster.set_node("cpu1", "state=drain", f"reason={HOSTILE_REASON}")
    submit("-J", "unavailable", "-w", "cpu1")
    cluster.set_node("spare1", "state=down", "reason=DIMM 3 of socket 1")
    cluster.set_node("typed1", "comment=not a Reason=none [root@2]")
    lines = "two lines [nobody@3]\nComment=the second [root@4]"
    cluster.set_node("plain1", "state=fail", f"reason={lines}")
    begin = ["starttime=now", "duration=60", "user=root"]
    create = ["scontrol", "create", "reservation"]
    cluster.call(*create, "reservationname=service", "flags=maint", "nodes=spare1", *begin)
    later = ["starttime=now+5days", "duration=60", "user=root", "flags=ignore_jobs"]
    cluster.call(*create, "reservationname=course", "nodes=cpu[1-2]", *later)
    cluster.wait_for(lambda: cluster.is_in("TIMEOUT", timed_out))
    cluster.wait_for(lambda: "DOWN" in cluster.call("scontrol", "-o", "show", "node", "dead1"))


def _neutral(output: bytes, folder: Path) -> bytes:
    """Return an output without what only tells of the machine that it was recorded on."""
    output = re.sub(rb" OS=.*? RealMemory=", b" OS=Linux 6.1.0 #1 SMP RealMemory=", output)
    return output.replace(str(folder).encode(), b"/srv/slurm")


COMMANDS = {
    "ping": (["scontrol", "ping"], ""),
    "config": (["scontrol", "show", "config"], ""),
    "scontrol": (["scontrol", *scontrol.ARGUMENTS], scontrol.REQUESTS),
    "sdiag": (["sdiag"], ""),
    "squeue": (["squeue", *squeue.arguments(MARK)], ""),
}


def _record(cluster: Cluster, room: Path, prefix: str, names: Iterable[str], *user: str) -> None:
    """Record what commands print, as a user; errors and the exit code only if they fail."""
    for name in names:
        command, standard_input = COMMANDS[name]
        done = cluster.run(*user, *command, standard_input=standard_input)
        outputs = {name: done.stdout}
        if done.returncode:
            outputs |= {f"{name}.err": done.stderr, f"{name}.rc": b"%d\n" % done.returncode}
        for file, output in outputs.items():
            (room / (prefix + file)).write_bytes(_neutral(output, cluster.folder))


def main() -> None:
    """Record a cluster; then as a user from whom it hides data; then without its slurmctld."""
    version = subprocess.check_output(["slurmd", "-V"], text=True).split()[1]
    room = HERE / "recorded" / version
    room.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as folder:
        Path(folder).chmod(0o755)
        cluster = Cluster(Path(folder))
        cluster.start()
        _fill(cluster)
        _record(cluster, room, "", COMMANDS)
        cluster.call("sed", "-i", "$aPrivateData=jobs,nodes,reservations", str(cluster.config))
        cluster.call("scontrol", "reconfigure")
        user = ("setpriv", "--reuid=daemon", "--clear-groups")
        _record(cluster, room, "private-", ("scontrol", "squeue"), *user)
        os.kill(int((cluster.folder / "slurmctld.pid").read_text()), signal.SIGKILL)
        cluster.wait_for(lambda: "DOWN" in cluster.call("scontrol", "ping"))
        _record(cluster, room, "down-", ("ping",))


if __name__ == "__main__":
    if "--inside" not in sys.argv:
        spaces = ["unshare", "--uts", "--net", "--pid", "--fork", "--kill-child", "--mount-proc"]
        inside = [sys.executable, "-m", "tests.bridge.slurm_output.record", "--inside"]
        prepare = 'hostname head && ip link set lo up && ip addr add 10.0.0.1 dev lo && exec "$@"'
        os.execvp("unshare", [*spaces, "sh", "-c", prepare, "-", *inside])  # noqa: S606
    main()
