"""What a job uses: the contents of its cgroup's files into figures. Pure.

Source: Documentation/admin-guide/cgroup-v2.rst, cgroup-v1/memory.rst, cgroup-v1/cpuacct.rst and
accounting/psi.rst of the kernel.
"""

import re
from collections.abc import Iterable, Mapping
from typing import NamedTuple

# The files of a job's folder, by the version of cgroups: what is read for its end, what else for a
# page, and what hardly ever changes. Version 1 has them in different hierarchies.
AT_END = {
    1: ("cpuacct/cpuacct.usage", "memory/memory.max_usage_in_bytes"),
    2: (
        "cpu.stat",
        "memory.peak",
        "memory.events",
        *(f"{one}.pressure" for one in ("cpu", "memory", "io")),
    ),
}
NOW = {
    1: ("memory/memory.usage_in_bytes", "memory/memory.stat"),
    2: ("memory.current", "memory.stat", "memory.swap.current"),
}
SELDOM = {
    1: ("memory/memory.limit_in_bytes", "cpuset/cpuset.cpus"),
    2: ("memory.max", "cpuset.cpus.effective"),
}
# In version 1 a folder counts only the kills among its own processes.
OOM_V1 = "memory/memory.oom_control"
# The processes of a folder, or their threads.
PROCESSES = {1: "memory/cgroup.procs", 2: "cgroup.procs"}
THREADS = {1: "memory/tasks", 2: "cgroup.threads"}
EVENTS_V2 = "cgroup.events"
# In version 2, the CPU time of a step's processes without those of Slurm.
STEP_CPU_V2 = "user/cpu.stat"
# "No limit" of version 1 is the largest multiple of the page size, whatever that is.
_NO_LIMIT = 2**62
_MOST = 2**64

Contents = Mapping[str, bytes]


class Figures(NamedTuple):
    """What a job uses; None is what could not be read.

    *own_bytes* is memory that the kernel cannot drop: anonymous and shared memory. *peak_bytes* is
    the kernel's, with the file cache. *stalled_s* is by resource, in its order of PRESSURE.
    """

    cpu_s: float | None = None
    cpus: int | None = None
    memory_bytes: int | None = None
    own_bytes: int | None = None
    peak_bytes: int | None = None
    limit_bytes: int | None = None
    swap_bytes: int | None = None
    oom_kills: int | None = None
    tasks: int | None = None
    cpu_stalled_s: float | None = None
    memory_stalled_s: float | None = None
    io_stalled_s: float | None = None


def figures(version: int, contents: Contents) -> Figures:
    """Return the figures in the *contents* of a job's files, by the names above."""
    return _v2(contents) if version == 2 else _v1(contents)


def _v1(contents: Contents) -> Figures:
    cpu_ns = number(contents.get("cpuacct/cpuacct.usage"))
    stat = contents.get("memory/memory.stat")
    limit = number(contents.get("memory/memory.limit_in_bytes"))
    return Figures(
        cpu_s=None if cpu_ns is None else cpu_ns / 1e9,
        cpus=cpu_count(contents.get("cpuset/cpuset.cpus")),
        memory_bytes=number(contents.get("memory/memory.usage_in_bytes")),
        # The lines without total_ are of the job's folder alone, which has no process.
        own_bytes=_sum(_line(stat, b"total_rss"), _line(stat, b"total_shmem")),
        peak_bytes=number(contents.get("memory/memory.max_usage_in_bytes")),
        limit_bytes=None if limit is None or limit >= _NO_LIMIT else limit,
        swap_bytes=_line(stat, b"total_swap"),
    )


def _v2(contents: Contents) -> Figures:
    used_us = cpu_us(contents.get("cpu.stat"))
    stat = contents.get("memory.stat")
    return Figures(
        cpu_s=None if used_us is None else used_us / 1e6,
        cpus=cpu_count(contents.get("cpuset.cpus.effective")),
        memory_bytes=number(contents.get("memory.current")),
        own_bytes=_sum(_line(stat, b"anon"), _line(stat, b"shmem")),
        peak_bytes=number(contents.get("memory.peak")),
        limit_bytes=number(contents.get("memory.max")),  # "max" is no number
        swap_bytes=number(contents.get("memory.swap.current")),
        oom_kills=_line(contents.get("memory.events"), b"oom_kill"),
        cpu_stalled_s=_stalled_s(contents.get("cpu.pressure")),
        memory_stalled_s=_stalled_s(contents.get("memory.pressure")),
        io_stalled_s=_stalled_s(contents.get("io.pressure")),
    )


def number(content: bytes | None) -> int | None:
    """Return the number in a file that has nothing else; None if it has none."""
    word = (content or b"").strip()
    return int(word) if word.isdigit() and len(word) <= 20 and int(word) < _MOST else None


def oom_kills(content: bytes | None) -> int | None:
    """Return the kills in a memory.oom_control of version 1; kernels before 4.13 count none."""
    return _line(content, b"oom_kill")


def cpu_us(content: bytes | None) -> int | None:
    """Return the CPU time in a cpu.stat of version 2, in microseconds."""
    return _line(content, b"usage_usec")


def is_populated(content: bytes | None) -> bool | None:
    """Return whether a cgroup.events says that there is a process; None if it does not say."""
    line = _line(content, b"populated")
    return None if line is None else line > 0


def cpu_count(content: bytes | None) -> int | None:
    """Return how many CPUs a list such as 0-3,8 has; None if it is empty or wrong."""
    count = 0
    for part in (content or b"").strip().split(b","):
        first, _, last = part.partition(b"-")
        bounds = number(first), number(last or first)
        if None in bounds or not bounds[0] <= bounds[1] < 2**20:  # type: ignore[operator]
            return None
        count += bounds[1] - bounds[0] + 1  # type: ignore[operator]
    return count


def count_lines(contents: Iterable[bytes]) -> int:
    """Return how many lines files have together."""
    return sum(one.count(b"\n") for one in contents)


def first_number(content: bytes | None) -> int | None:
    """Return the number in the first line of a file."""
    return number((content or b"").partition(b"\n")[0])


def _line(content: bytes | None, name: bytes) -> int | None:
    """Return the number after *name*, at the beginning of a line."""
    if not content:
        return None
    text = content
    start = 0 if text.startswith(name + b" ") else text.find(b"\n" + name + b" ") + 1
    if not start and not text.startswith(name + b" "):
        return None
    start += len(name) + 1
    end = text.find(b"\n", start)
    return number(text[start : end if end >= 0 else None])


_TOTAL = re.compile(rb"some [^\n]*total=([0-9]{1,18})\b")


def _stalled_s(content: bytes | None) -> float | None:
    """Return how long some process of the job has waited for a resource."""
    match = _TOTAL.match(content or b"")
    return int(match[1]) / 1e6 if match else None


def _sum(*parts: int | None) -> int | None:
    """Return the sum of what is known; None if nothing is."""
    known = [part for part in parts if part is not None]
    return sum(known) if known else None
