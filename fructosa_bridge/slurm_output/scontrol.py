"""The output of scontrol: nodes, partitions, reservations, licenses, and the configuration.

One scontrol gets several requests on its standard input. With --oneliner each record is a line, and
its first key says what it is.
"""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import lru_cache
from sys import intern
from typing import NamedTuple

from ..model.errors import SlurmError
from .records import (
    LicenseRecord,
    NodeRecord,
    PartitionRecord,
    ReservationRecord,
    SlurmConfig,
)
from .tres import gpus_by_type, number, time_s

ARGUMENTS = ("-a", "-d", "-o", "-F")  # also hidden partitions, and nodes that are FUTURE
REQUESTS = "show node\nshow partition\nshow reservation\nshow license\nquit\n"
CUT = "scontrol: its output ends in the middle: {end}"
INVALID_RECORD = (
    "scontrol: {record} has no valid {key}; its output was cut, or this version of Slurm prints it "
    "differently"
)

_JOB_PLUGINS = ("ProctrackType", "JobAcctGatherType", "PrologFlags")
_MB = 2**20
_PROMPTS = re.compile("(?:scontrol: )*")
# Who set a reason, and when: after its first line, before other lines of it and other free texts.
_REASON_AUTHOR = re.compile(
    r" \[([^\s@\[\]]+)@(\d{1,12})\]"
    r"(?= {8}| (?:Comment|Extra|InstanceId|InstanceType|ReservationName)=| *$)"
)
_FREE_TEXTS = (" Reason=", " Comment=", " Extra=")
_KEYS = (
    *("NodeName", "CPUAlloc", "CPUTot", "Gres", "GresUsed", "NodeAddr", "NodeHostName"),
    *("RealMemory", "AllocMem", "State", "Partitions", "BootTime", "PartitionName", "TotalNodes"),
    *("Nodes", "ReservationName", "NodeCnt", "Flags", "StartTime", "EndTime"),
    *("LicenseName", "Total", "Used", "Reserved"),
)
_NEEDLES = {key: f" {key}=" for key in _KEYS}
# The keys of a node in the order in which scontrol prints them: one match finds all. Before a key
# are words that do not begin with it, and none is looked at twice (*+), so that the time is linear.
_NODE_KEYS = _KEYS[:12]
_LAST_KEY = f" {_NODE_KEYS[-1]}="
_REQUIRED = ("NodeName", "NodeAddr", "NodeHostName", "State")
_NO_REASON = (None, None, None)
_NUMBERS = ("CPUTot", "CPUAlloc", "RealMemory", "AllocMem")
_NODE = re.compile(
    r"NodeName=(\S++)\S*+"
    + "".join(rf"(?: (?!{key}=)[^ ]*+)*+ {key}=([^ ]*+)" for key in _NODE_KEYS[1:])
)


class Found(NamedTuple):
    """The records in scontrol's output."""

    nodes: Sequence[NodeRecord]
    partitions: Sequence[PartitionRecord]
    reservations: Sequence[ReservationRecord]
    licenses: Sequence[LicenseRecord]


def parse(output: str) -> Found:
    """Return the records in the *output* of scontrol for REQUESTS.

    Raises: SlurmError if the output or a record is incomplete.
    """
    found = Found([], [], [], [])
    prompts = 0
    lists: Mapping[str, tuple[list[object], Callable[[str], object]]] = {
        "NodeName": (found.nodes, _node),  # type: ignore[dict-item]
        "PartitionName": (found.partitions, _partition),  # type: ignore[dict-item]
        "ReservationName": (found.reservations, _reservation),  # type: ignore[dict-item]
        "LicenseName": (found.licenses, _license),  # type: ignore[dict-item]
    }
    for line in output.split("\n"):
        # scontrol may print its prompt for each request, with or without an echo of the request.
        record = line
        if line.startswith("scontrol: "):
            record = _PROMPTS.sub("", line, count=1)
            prompts += (len(line) - len(record)) // len("scontrol: ")
        kind = lists.get(record.partition("=")[0])
        if kind is not None:
            records, parse_record = kind
            records.append(parse_record(record))
    if record or 0 < prompts < REQUESTS.count("\n"):
        raise SlurmError(CUT.format(end=repr(output.rstrip()[-60:])))
    return found


_SLURMDBD = "accounting_storage/slurmdbd"


def parse_config(output: str) -> SlurmConfig:
    """Return what ``scontrol show config`` reports.

    Raises: SlurmError if the output is not a configuration.
    """
    values = {
        key.strip(): value.strip()
        for key, equals, value in (line.partition(" = ") for line in output.split("\n"))
        if equals
    }
    if "SLURM_VERSION" not in values:
        raise SlurmError(INVALID_RECORD.format(record="its configuration", key="SLURM_VERSION"))
    return SlurmConfig(
        cluster=values.get("ClusterName", ""),
        version=values["SLURM_VERSION"],
        slurm_user=values.get("SlurmUser", "").partition("(")[0],
        private_data=frozenset(_items(values.get("PrivateData", "").lower())) - {"none"},
        min_job_age_s=number(values.get("MinJobAge", "").partition(" ")[0]),
        job_plugins={key: values.get(key, "") for key in _JOB_PLUGINS},
        has_accounting=values.get("AccountingStorageType", "") == _SLURMDBD,
    )


def _node(record: str) -> NodeRecord:
    found = _NODE.match(record)
    # Only if the last key was not found in a free text, all keys before it were not either.
    if found is not None and found.start(12) == record.find(_LAST_KEY) + len(_LAST_KEY):
        values, rest = found.groups(), record[found.end() :]
        texts = rest[_begin_of_texts(rest) :]
    else:  # without GPUs, for example, keys are missing: each is searched for by itself
        begin = _begin_of_texts(record)
        values = tuple(map(_Values(record[:begin]).optional, _NODE_KEYS))
        texts = record[begin:]
    name, allocated_cpus, cpus, gpus, allocated_gpus, address, host_name, *others = values
    memory_mb, allocated_memory_mb, state, partitions, boot_time = others
    if not (name and address and host_name and state):
        raise _invalid(record, _first_wrong(values))
    base_state, flags = _state(state)
    try:
        return NodeRecord._make(
            (
                name,
                address,
                host_name,
                base_state,
                flags,
                _names(partitions),
                _whole(cpus),
                _whole(allocated_cpus),
                _whole(memory_mb) * _MB,
                _whole(allocated_memory_mb) * _MB,
                gpus_by_type(gpus),
                gpus_by_type(allocated_gpus),
                *(_reason(texts) if texts else _NO_REASON),
                time_s(boot_time),
                intern(allocated_gpus),
            )
        )
    except ValueError:
        raise _invalid(record, _first_wrong(values)) from None


def _begin_of_texts(record: str) -> int:
    """Return where free texts begin, which may hold anything; its length if there are none."""
    if "Reason=" not in record and "Comment=" not in record and "Extra=" not in record:
        return len(record)
    return min((p for p in map(record.find, _FREE_TEXTS) if p >= 0), default=len(record))


@lru_cache(maxsize=4096)
def _whole(text: str) -> int:
    """Return a number. Raises: ValueError if it is not one."""
    value = number(text)
    if value is None:
        raise ValueError
    return value


def _first_wrong(values: Sequence[str]) -> str:
    """Return the first key of a node that has no valid value."""
    for key, value in zip(_NODE_KEYS, values, strict=True):
        if (key in _NUMBERS and number(value) is None) or (key in _REQUIRED and not value):
            return key
    return _NODE_KEYS[0]


@lru_cache(maxsize=1024)
def _state(text: str) -> tuple[str, frozenset[str]]:
    """Return the base state and the flags of ``IDLE+DRAIN``."""
    base_state, *flags = text.upper().split("+")
    return base_state.rstrip("*~#!%$@^-"), frozenset(flags)


@lru_cache(maxsize=1024)
def _names(text: str) -> tuple[str, ...]:
    return () if text == "(null)" else tuple(_items(text))


def _reason(texts: str) -> tuple[str | None, str | None, float | None]:
    """Return the reason, who set it, and when. The reason may hold anything, also `` Key=``."""
    text = texts.removeprefix(" Reason=")
    if text == texts:
        return None, None, None
    author = _REASON_AUTHOR.search(text)
    if author is None:
        return text.partition(" Comment=")[0].strip() or None, None, None
    return text[: author.start()].strip() or None, author[1], time_s(author[2])


def _partition(record: str) -> PartitionRecord:
    value = _Values(record)
    return PartitionRecord(
        value.required("PartitionName"),
        value.required("State") == "UP",
        value.required_number("TotalNodes"),
        value.optional("Nodes"),
    )


def _reservation(record: str) -> ReservationRecord:
    # In the order in which scontrol prints them, as above.
    value = _Values(record.partition(" Comment=")[0])
    name, start, end = (
        value.required("ReservationName"),
        value.optional("StartTime"),
        value.optional("EndTime"),
    )
    nodes, flags = number(value.optional("NodeCnt")) or 0, tuple(_items(value.optional("Flags")))
    is_active = value.required("State") == "ACTIVE"
    return ReservationRecord(name, is_active, nodes, flags, time_s(start), time_s(end))


def _license(record: str) -> LicenseRecord:
    value = _Values(record)
    return LicenseRecord(
        value.required("LicenseName"),
        value.required_number("Total"),
        value.required_number("Used"),
        number(value.optional("Reserved")) or 0,
    )


class _Values:
    """The values of a record. The first `` Key=`` counts: free text comes after all of them."""

    __slots__ = ("_position", "_record")

    def __init__(self, record: str) -> None:
        self._record = f" {record}"
        self._position = 0

    def optional(self, key: str) -> str:
        """Return the value of a key, up to the next blank; empty if it is missing or (null)."""
        record, needle = self._record, _NEEDLES[key]
        begin = record.find(needle, self._position)
        if begin < 0 and (begin := record.find(needle)) < 0:
            return ""
        begin += len(needle)
        end = self._position = record.find(" ", begin)
        if end < 0:
            end, self._position = len(record), 0
        value = record[begin:end]
        return "" if value == "(null)" else value

    def required(self, key: str) -> str:
        """Return the value of a key. Raises: SlurmError if it is missing."""
        if value := self.optional(key):
            return value
        raise _invalid(self._record, key)

    def required_number(self, key: str) -> int:
        """Return the value of a key as a number. Raises: SlurmError if it is not one."""
        value = number(self.optional(key))
        if value is None:
            raise _invalid(self._record, key)
        return value


def _invalid(record: str, key: str) -> SlurmError:
    return SlurmError(INVALID_RECORD.format(record=repr(record.strip()[:60]), key=key))


def _items(text: str) -> Iterator[str]:
    return (item for item in text.split(",") if item)
