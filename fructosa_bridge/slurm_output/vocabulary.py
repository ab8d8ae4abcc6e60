"""The states and reasons of Slurm that become labels: a bounded vocabulary, the rest is ``other``.

The names are those of Slurm 22.05 to 26.05 (SchedMD/slurm: src/common/slurm_protocol_defs.c and
src/common/job_state_reason.c).
"""

import re

OTHER = "other"

JOB_STATES = frozenset(
    {
        *("PENDING", "RUNNING", "SUSPENDED", "COMPLETED", "CANCELLED", "FAILED", "TIMEOUT"),
        *("NODE_FAIL", "PREEMPTED", "BOOT_FAIL", "DEADLINE", "OUT_OF_MEMORY"),
        # Flags that squeue prints instead of a state.
        *("COMPLETING", "CONFIGURING", "RESIZING", "REQUEUED", "REQUEUE_FED", "REQUEUE_HOLD"),
        *("SPECIAL_EXIT", "STOPPED", "SIGNALING", "STAGE_OUT", "REVOKED", "RESV_DEL_HOLD"),
        *("LAUNCH_FAILED", "POWER_UP_NODE", "RECONFIG_FAIL", "EXPEDITING"),
    }
)
ENDED = frozenset(
    {
        *("COMPLETED", "CANCELLED", "FAILED", "TIMEOUT", "NODE_FAIL", "PREEMPTED", "BOOT_FAIL"),
        *("DEADLINE", "OUT_OF_MEMORY", "REVOKED", "SPECIAL_EXIT", "LAUNCH_FAILED"),
    }
)
# The short names that squeue and sacct take and print too; the other states have none.
STATE_CODES = {
    "PD": "PENDING",
    "R": "RUNNING",
    "S": "SUSPENDED",
    "CD": "COMPLETED",
    "CA": "CANCELLED",
    "F": "FAILED",
    "TO": "TIMEOUT",
    "NF": "NODE_FAIL",
    "PR": "PREEMPTED",
    "BF": "BOOT_FAIL",
    "DL": "DEADLINE",
    "OOM": "OUT_OF_MEMORY",
    "CG": "COMPLETING",
    "CF": "CONFIGURING",
    "RS": "RESIZING",
    "RQ": "REQUEUED",
    "RF": "REQUEUE_FED",
    "RH": "REQUEUE_HOLD",
    "SE": "SPECIAL_EXIT",
    "ST": "STOPPED",
    "SI": "SIGNALING",
    "SO": "STAGE_OUT",
    "RV": "REVOKED",
    "RD": "RESV_DEL_HOLD",
}
# Jobs that ended otherwise than their user or their program wanted.
FAILED = frozenset({"FAILED", "NODE_FAIL", "BOOT_FAIL", "OUT_OF_MEMORY", "LAUNCH_FAILED"})

_REASONS = frozenset(
    {
        *("None", "Prolog", "Priority", "Dependency", "DependencyNeverSatisfied", "Resources"),
        *("PartitionNodeLimit", "PartitionTimeLimit", "PartitionDown", "PartitionInactive"),
        *("PartitionConfig", "JobHeldAdmin", "JobHeldUser", "BeginTime", "Licenses"),
        *("AssociationJobLimit", "AssociationResourceLimit", "AssociationTimeLimit"),
        *("Reservation", "ReservationDeleted", "ReservationInvalid", "ReqNodeNotAvail"),
        *("FrontEndDown", "SchedDefer", "NodeDown", "BadConstraints", "Constraints"),
        *("SystemFailure", "JobLaunchFailure", "NonZeroExitCode", "RaisedSignal", "TimeLimit"),
        *("InactiveLimit", "InvalidAccount", "InvalidQOS", "QOSUsageThreshold", "QOSJobLimit"),
        *("QOSResourceLimit", "QOSTimeLimit", "Cleaning", "QOSNotAllowed", "AccountNotAllowed"),
        *("JobHoldMaxRequeue", "JobArrayTaskLimit", "BurstBufferResources", "BurstBufferStageIn"),
        *("BurstBufferOperation", "PowerNotAvail", "PowerReserved", "DeadLine", "FedJobLock"),
        *("AccountingPolicy", "OutOfMemory", "MaxMemPerLimit"),
    }
)
# The limits of associations, QOS and accounts: more than a hundred names of the same parts.
_RESOURCE = (
    "Cpu|CPU|Mem|Memory|Node|Energy|GRES|License|BB|Billing|Unknown|Jobs?|SubmitJobs?|Wall|"
    "WallDuration"
)
_LIMIT = re.compile(
    rf"(?:Assoc|QOS)(?:Grp|Max|Min)(?:{_RESOURCE})(?:Run)?(?:Minutes)?"
    r"(?:Per(?:Job|Node|User|Account))?(?:Limit|NotSatisfied)?"
    rf"|Max(?:{_RESOURCE})PerAccount"
)

# Where slurmctld describes a reason in words, squeue prints the words (src/slurmctld/job_mgr.c,
# node_scheduler.c, job_scheduler.c).
_DESCRIPTIONS = (
    ("Nodes required for job are DOWN", "ReqNodeNotAvail"),
    ("Nodes in the reservation", "Reservation"),
    ("Reserved for maintenance", "ReqNodeNotAvail"),
    ("launch failed requeued held", "JobHeldAdmin"),
    ("job requeued in held state", "JobHeldUser"),
    ("user env retrieval failed requeued held", "JobHeldAdmin"),
)

NODE_BASE_STATES = frozenset({"UNKNOWN", "DOWN", "IDLE", "ALLOCATED", "ERROR", "MIXED", "FUTURE"})
NODE_FLAGS = frozenset(
    {
        *("CLOUD", "COMPLETING", "DRAIN", "DYNAMIC_FUTURE", "DYNAMIC_NORM", "FAIL", "BLOCKED"),
        *("INVALID_REG", "MAINTENANCE", "NOT_RESPONDING", "PERFCTRS", "PLANNED", "RESERVED"),
        *("POWER_DOWN", "POWER_UP", "POWERED_DOWN", "POWERING_DOWN", "POWERING_UP", "POWER_DRAIN"),
        *("REBOOT_ISSUED", "REBOOT_REQUESTED", "EXTERNAL", "UNDRAIN", "RES", "RUNNING_JOB"),
        *("MAINT", "RESUME"),
    }
)


def job_state(text: str) -> str:
    """Return the state of a job in lower case, or ``other``."""
    return text.lower() if text in JOB_STATES else OTHER


def reason(text: str) -> str:
    """Return why a job is pending, or ``other``.

    Slurm appends details to some reasons (``ReqNodeNotAvail, UnavailableNodes:n1``), and squeue
    joins those of the tasks of an array with commas: the first one counts.
    """
    for beginning, known in _DESCRIPTIONS:
        if text.startswith(beginning):
            return known
    first = text.partition(",")[0].strip()
    return first if first in _REASONS or _LIMIT.fullmatch(first) else OTHER
