"""Reads the frequencies of processors: cpufreq, and /proc/cpuinfo for what that does not have.

A policy of cpufreq belongs to one or more processors. Source:
Documentation/admin-guide/pm/cpufreq.rst.
"""

import re
from typing import NamedTuple

from fructosa_exporter.kernel import Kernel
from fructosa_exporter.sources.readable import or_none

_CPUS = "/sys/devices/system/cpu"
_POLICY = re.compile(r"policy([0-9]{1,6})")
_CPU = re.compile(r"cpu([0-9]{1,6})")
_RANGE = re.compile(r"([0-9]{1,6})(?:-([0-9]{1,6}))?")
_MOST_CPUS = 65_536  # Linux has at most 8192
_PROCESSOR = re.compile(rb"^processor\s*: *([0-9]{1,6})$", re.MULTILINE)
_MHZ = re.compile(rb"^cpu MHz\s*: *([0-9]{1,6}(?:\.[0-9]{1,9})?)$", re.MULTILINE)


class Frequencies(NamedTuple):
    """The frequencies of a processor in hertz; None for what is unknown."""

    current: float | None
    lowest: float | None = None
    highest: float | None = None


def cpu_frequencies(read: Kernel) -> dict[str, Frequencies]:
    """Return the frequencies of processors that are online, by the kernel's number."""
    measured = megahertz((or_none(read.word, "/proc/cpuinfo") or "").encode(errors="replace"))
    online = _online(read)
    found: dict[int, Frequencies] = {}
    for folder, number in _policies(read):
        cpus = _processors(read, folder, number, online)
        lowest, highest = _hertz(read, folder, "scaling_min"), _hertz(read, folder, "scaling_max")
        # The kernel may have to ask the processor for either, and may take milliseconds for each
        # file of cpufreq but not for each line of cpuinfo, which a big machine would feel.
        current = measured.get(cpus[0]) if len(cpus) == 1 else None
        if current is None and cpus:
            current = _hertz(read, folder, "scaling_cur") or _hertz(read, folder, "cpuinfo_cur")
        for cpu in cpus:
            found.setdefault(cpu, Frequencies(current or measured.get(cpu), lowest, highest))
    for cpu, hertz in measured.items():
        found.setdefault(cpu, Frequencies(hertz))
    return {str(cpu): found[cpu] for cpu in sorted(found)}


def megahertz(content: bytes) -> dict[int, float]:
    """Return the frequencies in the *content* of /proc/cpuinfo in hertz, by processor."""
    found = {}
    for block in content.split(b"\n\n"):
        processor, measured = _PROCESSOR.search(block), _MHZ.search(block)
        if processor and measured and float(measured[1]):
            found[int(processor[1])] = float(measured[1]) * 1e6
    return found


def _policies(read: Kernel) -> list[tuple[str, int]]:
    """Return the folder of each policy, and the processor that it has its name of."""
    folder = f"{_CPUS}/cpufreq"
    named = map(_POLICY.fullmatch, read.names(folder))
    policies = [(f"{folder}/{match[0]}", int(match[1])) for match in named if match]
    if policies:
        return policies
    # Kernels before 4.3 have a folder for each processor.
    each = filter(None, map(_CPU.fullmatch, read.names(_CPUS)))
    folders = [(f"{_CPUS}/{cpu[0]}/cpufreq", int(cpu[1])) for cpu in each]
    return [(folder, number) for folder, number in folders if read.listing(folder)]


def _processors(read: Kernel, folder: str, number: int, online: frozenset[int] | None) -> list[int]:
    """Return the processors of a policy that are online."""
    if folder.endswith("/cpufreq"):  # of one processor
        return [number]
    affected = or_none(read.word, f"{folder}/affected_cpus")
    if affected is not None:
        return cpu_list(affected)
    related = cpu_list(or_none(read.word, f"{folder}/related_cpus") or "") or [number]
    return [cpu for cpu in related if online is None or cpu in online]


def _online(read: Kernel) -> frozenset[int] | None:
    """Return the processors that are online; None if that is unknown."""
    listed = cpu_list(or_none(read.word, f"{_CPUS}/online") or "")
    return frozenset(listed) or None


def cpu_list(text: str) -> list[int]:
    """Parse a list of processors, "0 1 2" or "0-2,5"; what is invalid is left out."""
    found = list[int]()
    for part in re.split(r"[\s,]+", text):
        if match := _RANGE.fullmatch(part):
            first, last = int(match[1]), int(match[2] or match[1])
            found += range(first, min(last, first + _MOST_CPUS - len(found) - 1) + 1)
    return found


def _hertz(read: Kernel, folder: str, name: str) -> float | None:
    """Return a frequency, which cpufreq has in kilohertz; None if it is unknown or zero."""
    kilohertz = or_none(read.count, f"{folder}/{name}_freq")
    return kilohertz * 1e3 if kilohertz else None
