"""The metrics of lmaster itself, declared. Those of Slurm are declared in slurm/metrics.py."""

from ..model.own_metric import OwnMetric


def _metric(name: str, text: str, *labels: str) -> OwnMetric:
    kind = "counter" if name.endswith("_total") else "gauge"
    return OwnMetric(f"fructosa_master_{name}", text, labels, kind)


BUILD_INFO = _metric("build_info", "Version of lmaster.", "version")
READY = _metric("ready", "Whether the first scrapes have been started.")
RELOAD_SUCCESSFUL = _metric(
    "config_last_reload_successful", "Whether the last configuration reload attempt was successful."
)
RELOAD_TIME = _metric(
    "config_last_reload_success_timestamp_seconds",
    "Timestamp of the last successful configuration reload.",
)
# Not "group": with our own service discovery, Prometheus adds that label to a target.
TARGETS = _metric(
    "targets", "Number of targets by state and [nodes:...] section.", "section", "state"
)

SCRAPES = _metric("scrapes_total", "Scrapes by result.", "result")
SCRAPE_SECONDS = _metric("scrape_seconds_total", "Total duration of all scrapes.")
SAMPLES = _metric("samples_total", "Samples scraped.")
SLOTS_MISSED = _metric(
    "slots_missed_total",
    "Slots without a scrape: lmaster was late, the machine suspended, or it was cancelled.",
)
SAMPLES_DROPPED = _metric(
    "samples_dropped_total",
    "Samples dropped by reason: Graphite cannot store them, or their series are too many new ones.",
    "reason",
)

DESTINATION_UP = _metric(
    "destination_up", "0 if the last delivery to a destination failed, 1 otherwise.", "destination"
)
QUEUE_POINTS = _metric("queue_points", "Points waiting for delivery.", "destination")
POINTS_DELIVERED = _metric("points_delivered_total", "Points delivered.", "destination")
POINTS_DROPPED = _metric(
    "points_dropped_total",
    "Points dropped instead of delivered, by reason.",
    "destination",
    "reason",
)
QUEUE_MEMORY_POINTS = _metric(
    "queue_memory_points",
    "Points waiting in memory only; they are lost if lmaster exits before delivery.",
    "destination",
)

QUEUE_BYTES = _metric("queue_bytes", "Size of the queue on disk.")
QUEUE_LIMIT = _metric(
    "queue_limit_bytes", "Size of the queue on disk at which the oldest points are dropped."
)
QUEUE_AGE = _metric("queue_age_seconds", "Age of the oldest segment of the queue on disk.")
QUEUE_ON_DISK = _metric(
    "queue_on_disk", "Whether the queue on disk can be written; if not, points stay in memory."
)
QUEUE_TORN = _metric(
    "queue_torn_bytes_total", "Incomplete bytes cut off the end of the queue at startup."
)
QUEUE_WAS_KILLED = _metric(
    "queue_was_killed",
    "Whether the previous lmaster was killed: its last scrapes may be missing.",
)

JOB_PAGES = _metric("job_pages_total", "Pages of jobs by result: ok, refused or failed.", "result")
JOB_ENDS_INCOMPLETE = _metric(
    "job_ends_incomplete_total",
    "Ends of jobs of which something is missing: missed by the agent, dropped before they were "
    "fetched, or of a job unknown to Slurm.",
    "reason",
)
JOB_RUNS_OPEN = _metric("job_runs_open", "Runs of jobs in memory.")
JOB_ARCHIVE_WRITABLE = _metric(
    "job_archive_writable",
    "Whether the archive of jobs can be written; if not, jobs stay in memory.",
)
JOB_ARCHIVE_BYTES = _metric("job_archive_bytes", "Size of the archive of jobs.")

CPU_SECONDS = _metric("cpu_seconds_total", "CPU time used by lmaster.")
MEMORY_RESIDENT = _metric("memory_resident_bytes", "Resident memory of lmaster.")

METRICS = tuple(one for one in vars().copy().values() if isinstance(one, OwnMetric))
