"""[slurm] of lmaster.conf: whether and how Slurm is read."""

import re
from dataclasses import dataclass
from pathlib import Path

from fructosa_service.config.kinds import (
    YES_NO,
    Kind,
    choice,
    optional,
    seconds,
    several,
    whole,
)
from fructosa_service.config.path_kind import PATH
from fructosa_service.config.settings import SectionType, option
from fructosa_service.errors import KeyProblem


def _parse_cluster(text: str) -> str:
    if not re.fullmatch(r"[A-Za-z0-9_-]{1,40}", text):
        raise ValueError("is not a valid cluster name; write letters, digits, _ and -")
    return text


CLUSTER = Kind(name="cluster", example="hpc", parse=_parse_cluster)
LABELS = ("users", "accounts", "qos")
DEADLINE_TOO_LONG = (
    "{deadline_s:g} s is longer than the interval of {interval_s} s; lower the deadline or "
    "lengthen the interval"
)


@dataclass(frozen=True, kw_only=True)
class SlurmSettings:
    """How Slurm is read: a few commands for the whole cluster, one at a time."""

    interval_s: int = option(
        whole("seconds", at_least=30, at_most=3600, example="60"),
        60,
        "Time between two readings of Slurm, in seconds.",
        key="interval",
    )
    deadline_s: float = option(
        seconds(at_least=1, at_most=300),
        15,
        "Maximum time for one command, in seconds; then it is killed.",
        key="deadline",
    )
    commands: Path | None = option(
        optional(PATH),
        None,
        "Directory with squeue, scontrol, sdiag and sacct. By default they are found on the PATH.",
    )
    slurm_conf: Path | None = option(
        optional(PATH),
        None,
        "slurm.conf for the commands. By default SLURM_CONF, or what they have built in.",
        key="slurm conf",
    )
    cluster: str | None = option(
        optional(CLUSTER),
        None,
        "The cluster to read, where slurmdbd knows several. By default that of slurm.conf.",
    )
    labels: tuple[str, ...] = option(
        several(choice(*LABELS)),
        (),
        "Also store jobs, CPUs and GPUs by users, accounts or qos. Names of people are private: "
        "whoever reads Graphite or /metrics sees them.",
    )
    has_reason_user: bool = option(
        YES_NO,
        False,
        "Show who set the reason of a node's state, on the pages and in /api/targets. Names of "
        "people are private.",
        key="reason user",
    )
    grace_s: float = option(
        seconds(at_least=0, at_most=86400, example="600"),
        600,
        "Time in seconds for which nodes of hosts = @slurm are still scraped after Slurm no longer "
        "lists them.",
        key="grace",
    )

    def __post_init__(self) -> None:
        if self.deadline_s > self.interval_s:
            raise KeyProblem(
                "deadline",
                DEADLINE_TOO_LONG.format(deadline_s=self.deadline_s, interval_s=self.interval_s),
            )


SLURM = SectionType(
    name="slurm",
    help="Slurm: with this section, even if it is empty, lmaster reads its nodes, its queue and "
    "its scheduler. One lmaster of several should have it, or both of a hot pair.",
    settings=SlurmSettings,
)
