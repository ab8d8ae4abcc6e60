"""Compares what lagent's page says of jobs with what they wrote down. Pure.

A step writes down what the kernel says of it at its last moment. That lacks the end of its shell,
which is slow here. Slurm's accounting has it, and with it what slurmstepd did before it became the
step. So lagent's CPU time must lie between the two.
"""

LEAST_S, MOST_S = -0.001, 0.01
# Of the jobs with PrologFlags=Contain, and of those without.
LEAST_SHARE = {True: 0.99, False: 0.95}


def jobs_of(page):
    """Return the values of each job on a page, by name, and those of the whole page by ""."""
    jobs = {"": {}}
    for line in page.splitlines():
        if line.startswith("#"):
            continue
        series, _, value = line.rpartition(" ")
        name, _, labels = series.partition("{")
        job = labels.partition('jobid="')[2].partition('"')[0]
        jobs.setdefault(job, {})[name.removeprefix("fructosa_slurm_job")] = float(value)
    return jobs


def truth_of(parts, accounted_s):
    """Return what a job has used: its *parts* are what its steps wrote, one or more each."""
    steps = {}
    for part in sorted(parts, key=lambda part: part["job_s"]):
        steps[part["step"]] = part["step_s"]
    last = max(parts, key=lambda part: part["job_s"])
    return {
        "kind": last["kind"],
        "cpu_s": sum(steps.values()) + last["extern_s"],
        "accounted_s": accounted_s,
        "rusage_s": sum(part["rusage_s"] for part in parts),
        "slurm_s": sum(part["slurm_s"] for part in parts) if len(parts) == 1 else None,
        "size": max(part["size"] for part in parts),
        "peak": max(part["peak"] for part in parts),
        "oom_kills": max(part["oom_kills"] for part in parts),
    }


def faults_of(truth, known):
    """Return the names of what lagent has not, or has wrong."""
    cpu_s = known.get("_cpu_seconds_total", -1)
    most_s = max(truth["cpu_s"], truth["accounted_s"] or 0)
    right = {
        "CPU": truth["cpu_s"] + LEAST_S <= cpu_s <= most_s + MOST_S,
        "peak": known.get("_memory_peak_bytes", 0) >= max(truth["peak"], truth["size"]),
        "OOM": known.get("_oom_kills_total", -1) == truth["oom_kills"],
        "end": "_end_sequence" in known,
    }
    return [name for name, is_right in right.items() if not is_right]


def row_of(job, truth, known, faults):
    """Return a line of the table of jobs."""
    numbers = (truth["rusage_s"], truth["cpu_s"], known.get("_cpu_seconds_total", -1))
    sizes = (truth["size"], truth["peak"], known.get("_memory_peak_bytes", -1))
    others = (truth["accounted_s"], truth["slurm_s"])
    return (
        f"{job:>4} {truth['kind']:8}"
        + "".join(f"{one:9.3f}" for one in numbers)
        + "".join(f"{one:9.3f}" if one is not None else " " * 9 for one in others)
        + "".join(f"{one / 1e6:7.1f}" for one in sizes)
        + f"{truth['oom_kills']:4}{known.get('_oom_kills_total', -1):5.0f}   "
        + (", ".join(faults) or "ok")
    )


HEAD = """\
              CPU seconds                                  memory in MB         OOM kills
 job kind       rusage   kernel   lagent    sacct (stepd)  used   peak lagent      lagent"""


def report(parts, accounted_s, page, *, contain):
    """Return the table of the jobs of one setting, and whether enough of them are right."""
    by_job = {}
    for part in parts:
        by_job.setdefault(part["job"], []).append(part)
    jobs = sorted(by_job, key=int)
    truths = {job: truth_of(by_job[job], accounted_s.get(job)) for job in jobs}
    known = jobs_of(page)
    faults = {job: faults_of(truth, known.get(job, {})) for job, truth in truths.items()}
    right = sum(not one for one in faults.values())
    share = right / max(1, len(truths))
    others = [job for job, truth in truths.items() if truth["kind"] != "short" and faults[job]]
    is_met = share >= LEAST_SHARE[contain] and not others and bool(truths)
    lines = [HEAD, *(row_of(job, truths[job], known.get(job, {}), faults[job]) for job in jobs)]
    setting = "with Contain" if contain else "without Contain"
    lines.append(
        f"{setting}: final CPU time, peak and OOM kills are right for {right} of {len(truths)} "
        f"jobs: {'met' if is_met else 'MISSED'}"
    )
    return "\n".join(lines), is_met
