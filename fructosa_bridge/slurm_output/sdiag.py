"""The output of sdiag: how slurmctld's scheduler and its queues are."""

import re

from ..model.errors import SlurmError
from .records import RPC, SchedulerStatistics

INVALID = (
    "sdiag: the output has no line {line!r}; it was cut, or this version of Slurm prints it "
    "differently"
)

_US = 1e-6
# By section, the lines that are read: the name of the value, and its unit in terms of a base unit.
_MAIN, _BACKFILL = "Main schedule statistics", "Backfilling stats"
FIELDS = {
    ("", "Server thread count"): ("server_threads", 1),
    ("", "Agent queue size"): ("agent_queue_size", 1),
    ("", "DBD Agent queue size"): ("dbd_agent_queue_size", 1),
    ("", "Jobs submitted"): ("jobs_submitted", 1),
    ("", "Jobs started"): ("jobs_started", 1),
    ("", "Jobs completed"): ("jobs_completed", 1),
    ("", "Jobs canceled"): ("jobs_canceled", 1),
    ("", "Jobs failed"): ("jobs_failed", 1),
    ("", "Jobs pending"): ("jobs_pending", 1),
    ("", "Jobs running"): ("jobs_running", 1),
    (_MAIN, "Last cycle"): ("main_last_cycle_s", _US),
    (_MAIN, "Max cycle"): ("main_max_cycle_s", _US),
    (_MAIN, "Mean cycle"): ("main_mean_cycle_s", _US),
    (_MAIN, "Total cycles"): ("main_cycles", 1),
    (_MAIN, "Last queue length"): ("main_queue_length", 1),
    (_BACKFILL, "Last cycle"): ("backfill_last_cycle_s", _US),
    (_BACKFILL, "Max cycle"): ("backfill_max_cycle_s", _US),
    (_BACKFILL, "Mean cycle"): ("backfill_mean_cycle_s", _US),
    (_BACKFILL, "Total cycles"): ("backfill_cycles", 1),
    (_BACKFILL, "Last queue length"): ("backfill_queue_length", 1),
    (_BACKFILL, "Total backfilled jobs (since last slurm start)"): ("backfilled_jobs", 1),
}
# Times by the clock of slurmctld: when sdiag was answered, and of the last backfill cycle.
_TIMES = {"sdiag output at": "time_s", "\tLast cycle when:": "backfill_last_time_s"}
_TIME = re.compile(rf"({'|'.join(_TIMES)}) .*\((\d{{1,12}})\)")
_RPC = re.compile(r"\t(\w{1,80}) +\( *\d+\) count:(\d{1,18}) +ave_time:\d+ +total_time:(\d{1,18})")
_RPCS = "Remote Procedure Call statistics by message type"
_AFTER_RPCS = "Remote Procedure Call statistics by user"


def parse(output: str) -> SchedulerStatistics:
    """Return what sdiag reports; a line that it does not print is absent.

    Raises: SlurmError if the output was cut.
    """
    values: dict[str, float] = {}
    rpcs: list[RPC] = []
    section, is_in_rpcs = "", False
    for line in output.split("\n"):
        if is_in_rpcs and (found := _RPC.match(line)):
            rpcs.append(RPC(found[1], int(found[2]), int(found[3]) * _US))
        elif found := _TIME.match(line):
            values[_TIMES[found[1]]] = int(found[2])
        elif not line.startswith("\t") and line.startswith((_MAIN, _BACKFILL)):
            section = _MAIN if line.startswith(_MAIN) else _BACKFILL
        elif line.startswith("Remote Procedure Call"):
            is_in_rpcs = line.startswith(_RPCS)
        elif line and not line.startswith("\t"):
            section = ""
        key, colon, text = line.strip().partition(":")
        field = FIELDS.get((section, key))
        if colon and field and text.strip().isdecimal():
            name, unit = field
            values[name] = int(text.strip()[:18]) * unit
    for line, is_found in (
        ("Server thread count", "server_threads" in values),
        ("Last queue length", "main_queue_length" in values),
        (_AFTER_RPCS, f"\n{_AFTER_RPCS}\n" in output),
    ):
        if not is_found:
            raise SlurmError(INVALID.format(line=line))
    return SchedulerStatistics(values, rpcs)
