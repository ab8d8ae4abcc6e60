"""Runs jobs in a real Slurm with cgroups of version 2, and compares lagent with what they used.

It is process 1's only service, and root, in a virtual machine that it may change. Its result lies
below STATE, and the exit code in the file status there.
"""

import json
import subprocess
import sys
import time
import traceback
import urllib.request
from pathlib import Path

from record import record
from verdict import jobs_of, report

HERE, STATE = Path(__file__).parent, Path("/var/lib/check")
CONF = Path("/etc/slurm/slurm.conf")
SCOPE = Path("/sys/fs/cgroup/system.slice/n1_slurmstepd.scope")
USER = 1000
SHORT_JOBS = int((HERE / "short_jobs").read_text())
URL = "http://127.0.0.1:9888/jobs"
# Everything is slow here.
MOST_S = 600
RECORDED_S = 20
STEP = HERE / "step.sh"
STEPS = f"""\
srun {STEP} steps 0.2 20e6 0
srun {STEP} steps 0.3 60e6 0.5 & srun {STEP} steps 0.1 30e6 0
wait
exec {STEP} steps 0.1 10e6 0"""
SALLOC = f"srun {STEP} salloc 0.3 50e6 0; sleep 2; srun {STEP} salloc 0.2 20e6 0"
RECORDED = f"""\
srun --mem=60 {STEP} recorded 0.1 200e6 0
cat /usr/bin/python3.11 >/dev/null
exec {STEP} recorded 0.1 40e6 {RECORDED_S}"""
CREATE = """\
create database slurm_acct_db; create user slurm@localhost identified by 'x';
grant all on slurm_acct_db.* to slurm@localhost"""
BEGAN_S = time.monotonic()


def say(text):
    """Print what happens, and when."""
    print(f"[{time.monotonic() - BEGAN_S:4.0f} s] {text}", flush=True)


def run(*command, user=0, text=None, check=True):
    """Run a command as a user; return what it prints."""
    done = subprocess.run(
        command,
        check=False,
        capture_output=True,
        text=True,
        input=text,
        **({"user": user, "group": user, "extra_groups": []} if user else {}),
        cwd="/",
    )
    if check and done.returncode:
        raise SystemExit(f"{command} ends with {done.returncode}: {done.stdout}{done.stderr}")
    return done.stdout


def wait_until(what, condition):
    """Wait until *condition* returns what is true."""
    until_s = time.monotonic() + MOST_S
    while not condition():
        if time.monotonic() > until_s:
            raise SystemExit(f"not {what} after {MOST_S} s")
        time.sleep(0.5)


def page():
    """Return lagent's page of jobs; empty if there is none."""
    try:
        with urllib.request.urlopen(URL, timeout=60) as response:
            return response.read().decode()
    except OSError:
        return ""


def start_database():
    """Start slurmdbd and its database."""
    CONF.write_text((HERE / "slurm.conf").read_text())
    run("systemctl", "start", "mariadb")
    run("mariadb", text=CREATE)
    run("systemctl", "start", "slurmdbd")
    wait_until("registered", lambda: run("sacctmgr", "-i", "add", "cluster", "lab", check=False))
    say("accounting is ready")


def accounted_s():
    """Return the CPU time of each job in Slurm's accounting."""
    text = run("sacct", "-a", "-S", "now-1hours", "-n", "-P", "-o", "jobidraw,totalcpu")
    rows = dict(line.split("|") for line in text.splitlines())
    return {job: seconds(cpu) for job, cpu in rows.items() if job.isdigit()}


def seconds(text):
    """Return a time such as 1-02:03:04 or 03:04.005 in seconds."""
    days, _, rest = text.rpartition("-")
    parts = [float(part) for part in rest.split(":")]
    return int(days or 0) * 86400 + sum(part * 60**at for at, part in enumerate(reversed(parts)))


def start_slurm(*, contain):
    """Start Slurm anew."""
    CONF.write_text(
        (HERE / "slurm.conf").read_text() + ("PrologFlags=Contain\n" if contain else "")
    )
    run("systemctl", "restart", "slurmctld")
    run("systemctl", "restart", "slurmd")
    wait_until("idle", lambda: "idle" in run("sinfo", "-h", "-o", "%t", check=False))
    say("Slurm is ready")


def submit(script, *arguments):
    """Submit a job as an ordinary user; return its id."""
    usual = ("--parsable", "-D", "/tmp", "-o", "/dev/null", "-n1")
    text = f"#!/bin/sh\n{script}\n"
    return run("sbatch", *usual, *arguments, user=USER, text=text).strip()


def record_job():
    """Run a job to record, and record it."""
    job = SCOPE / f"job_{submit(RECORDED, '--mem=300')}"
    task = job / "step_batch/user/task_0"

    def has_its_memory():
        return task.is_dir() and int((task / "memory.current").read_text()) > 45_000_000

    wait_until("recorded", has_its_memory)
    time.sleep(1)
    slurm = run("slurmd", "-V").strip().replace("slurm-wlm", "Slurm")
    (STATE / "slurm_jobs.tree").write_text(record(job, slurm))
    say("a job is recorded")


def run_jobs(*, contain):
    """Run all jobs of one setting; return what they wrote down."""
    folder = STATE / "truth"
    before = set(folder.iterdir())
    submit(f"exec {STEP} short", "--mem=200", f"--array=1-{SHORT_JOBS}")
    submit(STEPS, "--mem=300")
    submit(f"exec {STEP} oom 0.1 200e6 0", "--mem=60")
    run("salloc", "-n1", "--mem=200", "sh", "-c", SALLOC, user=USER)
    if contain:
        record_job()
    wait_until("ended", lambda: not run("squeue", "-h", "-t", "PD,R,CG"))
    time.sleep(3)
    say("all jobs have ended")
    return [part_of(path.read_text()) for path in set(folder.iterdir()) - before]


def part_of(text):
    """Return what a step wrote down."""
    used, step_us = text.splitlines()
    return json.loads(used) | {"step_s": int(step_us) / 1e6}


def cpu_of_threads_s(pid):
    """Return the CPU time of each thread of a process, in the order of their starts."""
    tasks = sorted(Path(f"/proc/{pid}/task").iterdir(), key=lambda path: int(path.name))
    return [int((task / "schedstat").read_text().split()[0]) / 1e9 for task in tasks]


def main():
    """Run all jobs; return whether enough of them are right."""
    run("ip", "addr", "add", "10.9.9.9/32", "dev", "lo")  # without it, no name has an address
    (STATE / "truth").mkdir(parents=True)
    (STATE / "truth").chmod(0o777)
    run("systemctl", "start", "lagent")
    wait_until("watched", lambda: "fructosa_slurm_jobs_watched 1" in page())
    say("lagent watches jobs")
    start_database()
    is_met = True
    for contain in (True, False):
        start_slurm(contain=contain)
        parts = run_jobs(contain=contain)
        text, is_right = report(parts, accounted_s(), page(), contain=contain)
        print(text, flush=True)
        is_met &= is_right
    seen, missed = (jobs_of(page())[""][f"s_{one}_total"] for one in ("seen", "missed"))
    print(f"lagent has seen {seen:g} jobs, and counts {missed:g} as missed")
    pid = run("systemctl", "show", "-p", "MainPID", "--value", "lagent").strip()
    _, watcher_s, *_ = cpu_of_threads_s(pid)
    user = run("ps", "-o", "user=", "-p", pid).strip()
    cost_ms = watcher_s / seen * 1000
    print(f"the thread that watches took {cost_ms:.0f} ms of CPU time a job, as {user}")
    return is_met


def explain():
    """Print why it failed."""
    traceback.print_exc()
    logs = [str(path) for path in Path("/var/log/slurm").glob("*.log")]
    print(run("tail", "-n", "20", *logs, check=False))
    print(run("journalctl", "-u", "lagent", "-n", "50", "--no-pager", check=False), flush=True)


status = 1
try:
    status = 0 if main() else 1
except (Exception, SystemExit):
    explain()
(STATE / "page").write_text(page())
(STATE / "status").write_text(f"{status}\n")
sys.stdout.flush()
