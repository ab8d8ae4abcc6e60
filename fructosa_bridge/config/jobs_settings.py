"""[jobs] of lmaster.conf: whether and how jobs are read from nodes, kept, and shown."""

from dataclasses import dataclass, replace
from pathlib import Path

from fructosa_service.config.kinds import TEXT, choice, fraction, optional, several, whole
from fructosa_service.config.path_kind import PATH
from fructosa_service.config.settings import SectionType, option
from fructosa_service.errors import KeyProblem

TIMEOUT_TOO_LONG = (
    "{timeout_s} s is longer than the interval of {interval_s} s; lower the timeout or lengthen "
    "the interval"
)
GPU_ORDERS = ("auto", "nvml", "minor")
DEFAULT_SOCKET = Path("/run/fructosa/lmaster.sock")

_NAME = replace(TEXT, name="name", example="alice")


@dataclass(frozen=True, kw_only=True)
class JobsSettings:
    """How jobs are read, for how long they are kept, and who may see those of others."""

    interval_s: int = option(
        whole("seconds", at_least=1, at_most=3600, example="30"),
        30,
        "Time between two readings of the jobs of a node, in seconds.",
        key="interval",
    )
    timeout_s: int = option(
        whole("seconds", at_least=1, at_most=300, example="5"),
        5,
        "Maximum time for one reading, in seconds.",
        key="timeout",
    )
    gpu_order: str = option(
        choice(*GPU_ORDERS),
        "auto",
        "What Slurm's index of a GPU (IDX) counts: devices as NVML does (nvml; with AutoDetect = "
        "nvml), or the numbers of their device files (minor). auto finds it out where it can.",
        key="gpu order",
    )
    keep_days: int = option(
        whole("days", at_least=1, at_most=36_500, example="1825"),
        1825,
        "For how many days jobs are kept.",
        key="keep for",
    )
    keep_bytes: int = option(
        whole("bytes", at_least=2**20, example="10737418240"),
        10 * 2**30,
        "Maximum size of the archive of jobs, in bytes; then the oldest are removed.",
        key="keep bytes",
    )
    least_coverage: float = option(
        fraction(example="0.8"),
        0.8,
        "Wasted hours are stated only of jobs for which at least this part of the time is known.",
        key="least coverage",
    )
    admins: tuple[str, ...] = option(
        several(_NAME),
        (),
        "Users who see the jobs of all. root does, others see their own.",
    )
    admin_group: str | None = option(
        optional(replace(_NAME, example="wheel")),
        None,
        "A group whose members see the jobs of all.",
        key="admin group",
    )
    socket: Path = option(
        replace(PATH, example=str(DEFAULT_SOCKET)),
        DEFAULT_SOCKET,
        "Socket at which lmaster job and lmaster jobs ask; it tells lmaster who asks.",
    )

    def __post_init__(self) -> None:
        if self.timeout_s > self.interval_s:
            raise KeyProblem(
                "timeout",
                TIMEOUT_TOO_LONG.format(timeout_s=self.timeout_s, interval_s=self.interval_s),
            )


JOBS = SectionType(
    name="jobs",
    help="Jobs of Slurm: with this section, even if it is empty, lmaster reads what jobs use from "
    "the nodes (sensor SlurmJobs), and keeps it for years. It needs [slurm]. One lmaster should "
    "have it, and reads the jobs of all nodes, whatever its shard.",
    settings=JobsSettings,
)
