"""Records of jobs, as squeue prints them."""

from fructosa_bridge.slurm_output.records import JobRecord

T0 = 1_800_000_000
_FIELDS = dict.fromkeys(JobRecord._fields, "(null)") | {
    "array_task_id": "N/A",
    "het_job_id": "N/A",
    "het_job_offset": "N/A",
    "restarts": "0",
    "exit_code": "0",
    "reason": "None",
    "partition": "batch",
    "user": "ada",
    "user_id": "1000",
    "account": "physics",
    "cpus": "4",
    "node_count": "1",
    "tasks": "1",
    "time_limit": "1:00:00",
    "tres": "cpu=4,mem=8G,node=1,billing=4",
    "tres_per_job": "N/A",
    "tres_per_node": "N/A",
    "tres_per_socket": "N/A",
    "tres_per_task": "N/A",
    "name": "job",
}


def record(job_id=7, start_s=T0, end_s=None, state="RUNNING", submit_s=T0 - 60, **fields):
    """Return the record of a job; it is on n1 if it has started."""
    found = _FIELDS | {
        "job_id": str(job_id),
        "array_job_id": str(job_id),
        "submit_time": str(submit_s),
        "start_time": "N/A" if start_s is None else str(int(start_s)),
        "end_time": "NONE" if end_s is None else str(int(end_s)),
        "state": state,
        "nodes": "" if start_s is None else "n1",
    }
    return JobRecord(**found | {name: str(value) for name, value in fields.items()})


def only(ledger):
    """Return the one run in a ledger."""
    (run,) = ledger.runs
    return run
