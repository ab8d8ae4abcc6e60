"""What commands read: answers of an lmaster of any version, and the output of ssh on a node."""

import json
from collections.abc import Callable, Iterable

from fructosa_bridge.agents.results import printable_lines
from fructosa_bridge.client import job_records, job_report, job_table, slurm_report, target_list
from fructosa_bridge.slurm.summary import summary
from fructosa_service.errors import UsageError
from tests.bridge.slurm.small_cluster import READING, SAMPLES, STATES

from ..target import FuzzTarget, expect, repeated

_NOW_S = 1.7e9
_TARGET = {
    "state": "up",
    "name": "n1:9888",
    "group": "a",
    "last_scrape_s": 1.7e9,
    "samples": 5,
    "error": None,
    "clock_off_s": 3.5,
    "slurm_state": "idle",
    "slurm_since_s": 1.6e9,
}
_JOB = {
    "cluster": "hpc",
    "id": "7",
    "user": "ada",
    "account": None,
    "partition": "debug",
    "name": "x",
    "state": "COMPLETED",
    "exit_code": "0:0",
    "reason": None,
    "start": "2023-11-14T22:00:00+00:00",
    "end": None,
    "restart": 0,
    "coverage": 0.9,
    "runs": 2,
    "cpus": 4,
    "cpu_seconds": 1.5,
    "energy_joules": None,
    "gpus": [],
    "memory_limit_bytes": 1,
    "memory_own_max_bytes": 1,
    "memory_peak_bytes": None,
    "nodes": ["n1", "n2"],
    "notes": ["a note"],
}
_WORDS = (
    *(b"null", b"true", b"1e999", b"-1", b'"\\u001b[31m"', b"[" * 100, b"]", b'{"a":', b"NaN"),
    *(b"9" * 30, b"[]", b"{}", b'""', b'"0001-01-01T00:00:00+00:00"', b"\x1b[2J", b"\x9b", b"\r"),
)


def _text(data: bytes) -> str:
    return data.decode("utf-8", "replace")


def _targets(data: bytes) -> list[str]:
    return list(target_list.table(target_list.parse(_text(data)), _NOW_S))


def _slurm(data: bytes) -> list[str]:
    return list(slurm_report.report(slurm_report.parse(_text(data)), _NOW_S))


def _jobs(data: bytes) -> list[str]:
    records = job_records.checked(json.loads(_text(data)))
    reports = [line for one in records for line in job_report.report(one, _NOW_S)]
    return [*reports, *job_table.table(records, _NOW_S, 100)]


def _are_printable(data: bytes, result: object) -> None:
    lines = result if isinstance(result, list) else []
    expect(all(map(str.isprintable, lines)), "nothing controls the terminal")


def _is_a_screenful(data: bytes, result: object) -> None:
    _are_printable(data, result)
    lines = result if isinstance(result, list) else []
    expect(len(lines) < 100 and all(len(one) < 1000 for one in lines), "output is a screenful")


def _made(value: object) -> Callable[[], Iterable[bytes]]:
    return lambda: (json.dumps(value).encode(),)


TARGETS = (
    FuzzTarget(
        name="target-list",
        read=_targets,
        errors=(ValueError,),
        promises=_are_printable,
        seeds=_made({"targets": [_TARGET]}),
        words=_WORDS,
    ),
    FuzzTarget(
        name="slurm-report",
        read=_slurm,
        errors=(ValueError, UsageError),
        promises=_are_printable,
        most_bytes=4000,
        seeds=_made(summary(READING, STATES, SAMPLES, {"squeue": "x"}, is_up=True)),
        words=_WORDS,
    ),
    FuzzTarget(
        name="job-records",
        read=_jobs,
        errors=(ValueError, RecursionError),
        promises=_are_printable,
        seeds=_made([_JOB]),
        words=_WORDS,
    ),
    FuzzTarget(
        name="ssh-output",
        read=printable_lines,
        promises=_is_a_screenful,
        seeds=lambda: (b"lagent: running\n\x1b[31mError\x1b[0m: a\tb\r\n", b"\xff\xfe\x00"),
        words=_WORDS,
        honest=repeated(lambda n: f"line {n}\n"),
    ),
)
