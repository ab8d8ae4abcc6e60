"""Physical memory and swap space."""

import math
import os
from collections.abc import Iterator

from fructosa_exporter.errors import SensorUnavailable
from fructosa_exporter.kernel import Kernel
from fructosa_exporter.metrics import Sample, counter, gauge
from fructosa_exporter.sensor import Sensor
from fructosa_exporter.sources.meminfo import huge_page_bytes, parse

_PAGE_BYTES = os.sysconf("SC_PAGESIZE")


class VirtualMemory(Sensor):
    """Physical memory: its size, what it is used for, and how much is available.

    Source: /proc/meminfo. Used is what is not available. Memory that is reserved as huge pages is
    used in this sense, whether or not a program has it, so it is left out of the utilization: that
    is 1 - available / (total - huge pages). How many huge pages are free is absent if the node has
    some of more than one size; NUMAMemory has them by size. Memory in the slab that the kernel
    would give back is part of slab, not of cached.
    """

    FIELDS = {
        b"MemTotal": gauge("fructosa_memory_total_bytes", "Installed memory."),
        b"MemAvailable": gauge(
            "fructosa_memory_available_bytes", "Memory that can be used without swapping."
        ),
        b"MemFree": gauge(
            "fructosa_memory_free_bytes", "Memory that is not used at all, not even for caches."
        ),
        b"Active": gauge("fructosa_memory_active_bytes", "Memory that was used recently."),
        b"Inactive": gauge("fructosa_memory_inactive_bytes", "Memory that was not used recently."),
        b"Buffers": gauge(
            "fructosa_memory_buffers_bytes", "Memory used to cache metadata of file systems."
        ),
        b"Cached": gauge(
            "fructosa_memory_cached_bytes", "Memory used to cache the contents of files."
        ),
        b"Shmem": gauge(
            "fructosa_memory_shared_bytes", "Memory shared by processes, including tmpfs."
        ),
        b"Slab": gauge("fructosa_memory_slab_bytes", "Memory used for kernel data structures."),
    }
    USED = gauge("fructosa_memory_used_bytes", "Memory that is not available.")
    UTILIZATION = gauge(
        "fructosa_memory_utilization_ratio",
        "Share of the memory that is not available; memory reserved as huge pages does not count.",
    )
    HUGE = gauge("fructosa_memory_hugepages_total_bytes", "Memory reserved as huge pages.")
    HUGE_FREE = gauge("fructosa_memory_hugepages_free_bytes", "Memory in unused huge pages.")

    read: Kernel = Kernel()

    def samples(self) -> Iterator[Sample]:
        memory = parse(self.read.content("/proc/meminfo"))
        if b"MemTotal" not in memory:
            raise SensorUnavailable("/proc/meminfo has no MemTotal")
        for field, metric in self.FIELDS.items():
            if field in memory:
                yield metric.sample(memory[field])
        huge, huge_free = huge_page_bytes(memory)
        for metric, value in ((self.HUGE, huge), (self.HUGE_FREE, huge_free)):
            if value is not None:
                yield metric.sample(value)
        # In a container, some numbers may be its own and others those of the machine.
        total, available = memory[b"MemTotal"], memory.get(b"MemAvailable", math.inf)
        if available <= total:
            yield self.USED.sample(total - available)
        outside = total - (huge or 0)
        if 0 < outside >= available:
            yield self.UTILIZATION.sample(1 - available / outside)


class SwapMemory(Sensor):
    """Size and use of the swap space, and the bytes swapped in and out since boot.

    Source: SwapTotal and SwapFree of /proc/meminfo, pswpin and pswpout of /proc/vmstat. A node
    without swap space exposes only the sizes, which are zero.
    """

    TOTAL = gauge("fructosa_swap_total_bytes", "Size of the swap space.")
    USED = gauge("fructosa_swap_used_bytes", "Swap space in use.")
    FREE = gauge("fructosa_swap_free_bytes", "Swap space not in use.")
    IN = counter("fructosa_swap_in_bytes_total", "Bytes read from swap space.")
    OUT = counter("fructosa_swap_out_bytes_total", "Bytes written to swap space.")
    UTILIZATION = gauge("fructosa_swap_utilization_ratio", "Share of the swap space in use.")

    read: Kernel = Kernel()

    def samples(self) -> Iterator[Sample]:
        memory = self.read.content("/proc/meminfo")
        total_kb, free_kb = (_number(memory, name) for name in (b"SwapTotal:", b"SwapFree:"))
        if total_kb is None or free_kb is None:
            raise SensorUnavailable("/proc/meminfo has no SwapTotal or no SwapFree")
        total, free = total_kb * 1024, free_kb * 1024
        yield self.TOTAL.sample(total)
        yield self.USED.sample(total - free)
        yield self.FREE.sample(free)
        if not total:  # as on most compute nodes
            return
        yield self.UTILIZATION.sample((total - free) / total)
        counts = self.read.content("/proc/vmstat")
        for name, metric in ((b"pswpin", self.IN), (b"pswpout", self.OUT)):
            pages = _number(counts, name)
            if pages is not None:
                yield metric.sample(pages * _PAGE_BYTES)


def _number(content: bytes, name: bytes) -> int | None:
    """Return the number in the line that begins with *name*; None if there is none.

    Searching for a few of two hundred lines takes a tenth of the time of splitting all of them.
    """
    at = content.find(b"\n" + name + b" ")
    words = content[at + 1 : at + 100].split(None, 2) if at >= 0 else []
    return int(words[1]) if len(words) > 1 and words[1].isdigit() else None
