"""A real Slurm on loopback: slurmctld and several slurmd as children of a test, in one folder.

It needs neither root nor munge. Nodes have two GPUs that do not exist, which only jobs would miss.
"""

import os
import re
import shutil
import signal
import subprocess
from pathlib import Path

from .processes import Program, free_port, listens, wait_until

_CONF = """\
ClusterName=lab
SlurmctldHost=localhost(127.0.0.1)
SlurmUser={user}
SlurmdUser={user}
AuthType=auth/none
CredType=cred/none
SlurmctldPort={port}
StateSaveLocation={folder}/state
SlurmctldPidFile={folder}/slurmctld.pid
SlurmctldLogFile={folder}/slurmctld.log
SlurmdSpoolDir={folder}/spool/%n
SlurmdPidFile={folder}/slurmd-%n.pid
SlurmdLogFile={folder}/slurmd-%n.log
SlurmdParameters=config_overrides
DebugFlags=NO_CONF_HASH
MailProg=/bin/true
MpiDefault=none
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
JobAcctGatherType=jobacct_gather/none
SelectType=select/cons_tres
SelectTypeParameters=CR_Core_Memory
SchedulerParameters=batch_sched_delay=0,sched_interval=1
ReturnToService=2
SlurmdTimeout=5
MessageTimeout=3
KillWait=1
MinJobAge=300
MaxArraySize=20001
MaxJobCount=50000
GresTypes=gpu
Licenses=matlab:3
NodeName=DEFAULT CPUs=4 Boards=1 SocketsPerBoard=1 CoresPerSocket=4 \
ThreadsPerCore=1 RealMemory=4000 Gres=gpu:a100:2
{nodes}
PartitionName=debug Nodes=ALL Default=YES MaxTime=INFINITE State=UP
PartitionName=small Nodes={first} MaxTime=60 State=UP
"""
_SLURMDBD = """\
AuthType=auth/none
DbdHost=localhost
DbdAddr=127.0.0.1
DbdPort={port}
SlurmUser=root
StorageType=accounting_storage/mysql
StorageHost=localhost
StorageUser=slurm
StoragePass=x
StorageLoc=slurm_acct_db
PidFile={folder}/slurmdbd.pid
"""
_CREATE = (
    "create database slurm_acct_db; create user slurm@localhost identified by 'x'; "
    "grant all on slurm_acct_db.* to slurm@localhost"
)
_WITH_DATABASE = """\
AccountingStorageType=accounting_storage/slurmdbd
AccountingStorageHost=127.0.0.1
AccountingStoragePort={port}
AccountingStorageTRES=gres/gpu,gres/gpu:a100
"""
# Jobs that only sleep. Their output would be a file in the folder of the tests.
_QUIET = ("-D", "/tmp", "-o", "/dev/null")


class Slurm:
    """A cluster of *nodes* named n1, n2 …; the environment of its commands is *env*.

    *prefix* replaces the n. *more* are further lines of slurm.conf, *settings* replace those that
    it has.
    """

    def __init__(self, folder, nodes=4, more="", prefix="n", **settings):
        self.folder = Path(folder)
        self.nodes = [f"{prefix}{number}" for number in range(1, nodes + 1)]
        self.addresses = {node: f"127.0.2.{at}" for at, node in enumerate(self.nodes, 1)}
        for name in ("state", "spool", *(f"spool/{node}" for node in self.nodes)):
            (self.folder / name).mkdir(exist_ok=True)
        text = _CONF.format(
            folder=self.folder,
            user=subprocess.check_output(["id", "-un"], text=True).strip(),
            port=free_port(),
            first=self.nodes[0],
            nodes="\n".join(
                f"NodeName={node} NodeHostname=localhost NodeAddr={address} Port={free_port()}"
                for node, address in self.addresses.items()
            ),
        )
        for key, value in settings.items():
            text = re.sub(rf"^{key}=.*$", f"{key}={value}", text, flags=re.MULTILINE)
        self.conf = self.folder / "slurm.conf"
        self.conf.write_text(text + more)
        (self.folder / "gres.conf").write_text(
            f"NodeName={prefix}[1-{nodes}] Name=gpu Type=a100 File=/dev/zero,/dev/full\n"
        )
        self.env = os.environ | {"SLURM_CONF": str(self.conf)}
        self.slurmd = {}
        self.start_controller("-c")
        try:
            for node in self.nodes:
                self.start_node(node)
            self.wait_for_states(dict.fromkeys(self.nodes, "IDLE"))
        except BaseException:
            self.end()
            raise

    def start_controller(self, *arguments):
        """Start slurmctld."""
        self.slurmctld = Program(
            self.folder / "slurmctld.out", "/usr/sbin/slurmctld", "-D", *arguments, env=self.env
        )
        self.slurmctld.wait(lambda: self.run("scontrol", "ping", check=False).returncode == 0)

    def start_node(self, node):
        """Start the slurmd of a node."""
        self.slurmd[node] = Program(
            self.folder / f"slurmd-{node}.out",
            *("/usr/sbin/slurmd", "-D", "-N", node, "-c"),
            env=self.env,
        )

    def kill_node(self, node):
        """Kill the slurmd of a node, as if the node had died."""
        self.slurmd.pop(node).end(signal.SIGKILL)

    def run(self, *command, check=True):
        """Run a command of Slurm."""
        return subprocess.run(
            command, env=self.env, capture_output=True, text=True, check=check, timeout=60
        )

    def submit(self, *arguments, seconds=300):
        """Submit a job that sleeps; return its id."""
        command = ("sbatch", "--parsable", *_QUIET, *arguments, "--wrap", f"exec sleep {seconds}")
        return self.run(*command).stdout.strip()

    def states(self):
        """Return the state of each node as scontrol prints it."""
        lines = self.run("scontrol", "-o", "show", "node").stdout.splitlines()
        return {
            line.partition("=")[2].partition(" ")[0]: line.partition(" State=")[2].split()[0]
            for line in lines
        }

    def wait_for_states(self, wanted):
        """Wait until nodes have these states."""
        wait_until(
            lambda: wanted.items() <= self.states().items(), lambda: f"{wanted}: {self.states()}"
        )

    def wait_for_job(self, job, state):
        """Wait until a job has a state."""

        def now():
            return self.run("squeue", "-h", "-t", "all", "-j", job, "-o", "%T").stdout.split()

        def more():
            return f"not {state}: {self.run('scontrol', 'show', 'job', job).stdout}"

        wait_until(lambda: state in now(), more)

    def end(self):
        """End all daemons, and the jobs that they have started."""
        if self.slurmctld.process.poll() is None:
            self.run("scancel", "-u", str(os.getuid()), check=False)
            wait_until(lambda: not self.run("squeue", "-h", "-t", "R,CG").stdout, lambda: "no jobs")
        for program in (*self.slurmd.values(), self.slurmctld):
            program.end()


class SlurmDatabase:
    """A slurmdbd with a MariaDB of its own; root only, as MariaDB has a user of its own.

    *more* are the lines that slurm.conf needs to use it.
    """

    def __init__(self, folder):
        self.folder, self._programs = Path(folder), []
        data, socket, port = self.folder / "mariadb", self.folder / "mariadb/socket", free_port()
        data.mkdir()
        shutil.chown(data, "mysql", "mysql")
        usual = ("--no-defaults", "--user=mysql", f"--datadir={data}/data")
        subprocess.run(
            [
                *("mariadb-install-db", *usual, "--skip-test-db"),
                "--auth-root-authentication-method=socket",
            ],
            check=True,
            capture_output=True,
        )
        conf = self.folder / "slurmdbd.conf"
        conf.write_text(_SLURMDBD.format(folder=self.folder, port=port))
        conf.chmod(0o600)
        self.more = _WITH_DATABASE.format(port=port)
        try:
            self._start(
                *("/usr/sbin/mariadbd", *usual, f"--socket={socket}", f"--pid-file={data}/pid"),
                *("--skip-networking", "--innodb-buffer-pool-size=64M"),
                "--innodb-lock-wait-timeout=900",
            ).wait(socket.exists)
            subprocess.run(["mariadb", "-S", socket, "-e", _CREATE], check=True)
            self._start(
                *("/usr/sbin/slurmdbd", "-D"),
                MYSQL_UNIX_PORT=str(socket),
                SLURM_CONF=str(self.folder / "slurm.conf"),  # slurmdbd.conf is beside it
            ).wait(lambda: listens(port))
        except BaseException:
            self.end()
            raise

    def _start(self, *command, **environment):
        log = self.folder / f"{Path(command[0]).name}.log"
        self._programs.append(Program(log, *command, env=os.environ | environment))
        return self._programs[-1]

    def end(self):
        """End slurmdbd, then the database."""
        for program in reversed(self._programs):
            program.end()
