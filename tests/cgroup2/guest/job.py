#!/usr/bin/python3 -SE
"""A job that burns CPU time and memory in a child, and writes down what was used.

Usage: job.py KIND [CPU_S BYTES LASTS_S] 3>FILE; without numbers they are drawn by the job's id. The
child may be killed for its memory.
"""

import json
import os
import random
import resource
import sys
import time
from pathlib import Path

CGROUPS = Path("/sys/fs/cgroup")


def burn(cpu_s, size, lasts_s):
    """Use memory, wait, and use CPU time."""
    memory = bytearray(size)
    for at in range(0, size, 4096):
        memory[at] = 1
    time.sleep(lasts_s)
    until_s = time.process_time() + cpu_s
    while time.process_time() < until_s:
        pass


def drawn(job):
    """Return what a short job is to use."""
    draw = random.Random(int(job))
    return draw.uniform(0.05, 0.4), draw.randint(10, 80) * 10**6, draw.uniform(0, 1)


def cpu_s(folder):
    """Return the CPU time of a cgroup; 0 if there is none."""
    try:
        return int((folder / "cpu.stat").read_text().split()[1]) / 1e6
    except OSError:
        return 0


def main():
    """Burn, and write down."""
    own = CGROUPS / Path("/proc/self/cgroup").read_text().strip().partition("::/")[2]
    step = next(one for one in own.parents if one.name.startswith("step_"))
    folder = step.parent
    job = folder.name.removeprefix("job_")
    numbers = [float(one) for one in sys.argv[2:]]
    burn_s, size, lasts_s = numbers or drawn(job)
    child = os.fork()
    if not child:
        burn(burn_s, int(size), lasts_s)
        os._exit(0)
    _, status, of_child = os.wait4(child, 0)
    events = dict(line.split() for line in (folder / "memory.events").read_text().splitlines())
    of_self = resource.getrusage(resource.RUSAGE_SELF)
    truth = {
        "job": job,
        "kind": sys.argv[1],
        "step": step.name,
        "size": 0 if os.WIFSIGNALED(status) else int(size),
        "peak": int((folder / "memory.peak").read_text()),
        "oom_kills": int(events["oom_kill"]),
        "rusage_s": sum(one.ru_utime + one.ru_stime for one in (of_child, of_self)),
        "slurm_s": sum(cpu_s(one) for one in folder.glob("step_*/slurm")),
        "extern_s": cpu_s(folder / "step_extern/user"),
        "job_s": cpu_s(folder),
    }
    os.write(3, f"{json.dumps(truth)}\n".encode())
    os._exit(0)


main()
