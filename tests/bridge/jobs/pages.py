"""Pages of agents, as the contract of ``/jobs`` says."""

from fructosa_bridge.jobs.page import JobPage, JobReading

SERIES = {
    "cpu_s": "cpu_seconds_total",
    "cpus": "cpus",
    "memory_bytes": "memory_bytes",
    "own_bytes": "memory_own_bytes",
    "own_max_bytes": "memory_own_max_bytes",
    "peak_bytes": "memory_peak_bytes",
    "limit_bytes": "memory_limit_bytes",
    "swap_bytes": "swap_bytes",
    "oom_kills": "oom_kills_total",
    "tasks": "tasks",
    "stalled_cpu_s": 'stalled_seconds_total{resource="cpu"}',
    "stalled_memory_s": 'stalled_seconds_total{resource="memory"}',
    "stalled_io_s": 'stalled_seconds_total{resource="io"}',
    "age_s": "age_seconds",
    "reading_age_s": "reading_age_seconds",
    "end_age_s": "end_age_seconds",
    "end_sequence": "end_sequence",
    "uid": "uid",
}
INSTANCE = "0123456789abcdef"
BOOT = "5e8b1d0c-0000-4000-8000-000000000001"


def page(*readings, instance=INSTANCE, boot_id=BOOT, sequence=0, is_watched=True):
    """Return a page with these readings."""
    return JobPage(instance, boot_id, sequence, is_watched, len(readings), 0, 0, list(readings))


def reading(job_id="7", **values):
    """Return a reading of a job."""
    return JobReading(str(job_id), **values)


def text_of(found):
    """Return the text of a page, as an agent writes it."""
    lines = [
        "# HELP fructosa_slurm_jobs_info The agent.",
        "# TYPE fructosa_slurm_jobs_info gauge",
        f'fructosa_slurm_jobs_info{{instance="{found.instance}",boot_id="{found.boot_id}"}} 1',
        f"fructosa_slurm_jobs_sequence {found.sequence}",
        f"fructosa_slurm_jobs_watched {int(found.is_watched)}",
        f"fructosa_slurm_jobs_seen_total {found.seen}",
        f"fructosa_slurm_jobs_missed_total {found.missed}",
        f"fructosa_slurm_jobs_dropped_total {found.dropped}",
    ]
    for field, series in SERIES.items():
        name, brace, label = series.partition("{")
        lines.append(f"# TYPE fructosa_slurm_job_{name} gauge")
        for one in found.readings:
            if (value := getattr(one, field)) is not None:
                labels = labels_of(one) + (f",{label[:-1]}" if brace else "")
                lines.append(f"fructosa_slurm_job_{name}{{{labels}}} {value!r}")
    for one in found.readings:
        for uuid, processes in one.gpus:
            labels = f'{labels_of(one)},uuid="{uuid}"'
            lines.append(f"fructosa_slurm_job_gpu_processes{{{labels}}} {processes!r}")
    return "\n".join(lines) + "\n"


def labels_of(one):
    """Return the labels of a job."""
    labels = {"jobid": one.job_id, "slurmd": one.slurmd, "restart": one.restart}
    return ",".join(f'{name}="{value}"' for name, value in labels.items() if value)


def ended(job_id=7, ago_s=10.0, age_s=60.0, sequence=1, cpu_s=50.0, **values):
    """Return the last reading of a job that has ended."""
    ages = {"age_s": age_s, "reading_age_s": ago_s, "end_age_s": ago_s}
    return reading(job_id, cpu_s=cpu_s, end_sequence=sequence, peak_bytes=1e6, **ages, **values)


def running(job_id=7, age_s=60.0, cpu_s=50.0, **values):
    """Return a reading of a job that runs."""
    return reading(job_id, cpu_s=cpu_s, age_s=age_s, reading_age_s=0.0, peak_bytes=1e6, **values)
