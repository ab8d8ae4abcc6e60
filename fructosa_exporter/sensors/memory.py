"""Physical memory and swap space."""

from collections.abc import Iterator
from operator import attrgetter

import psutil

from fructosa_exporter.metrics import Rows, Sample, counter, gauge
from fructosa_exporter.sensor import Sensor


class VirtualMemory(Sensor):
    """Physical memory: how much there is, what it is used for, what is still available.

    Source: psutil.virtual_memory(), i.e. /proc/meminfo.
    """

    FIELDS = {
        "total": gauge("fructosa_memory_total_bytes", "Installed memory."),
        "available": gauge("fructosa_memory_available_bytes", "Usable without swapping."),
        "used": gauge("fructosa_memory_used_bytes", "In use by programs and the kernel."),
        "free": gauge("fructosa_memory_free_bytes", "Not used for anything, caches included."),
        "active": gauge("fructosa_memory_active_bytes", "Used recently."),
        "inactive": gauge("fructosa_memory_inactive_bytes", "Not used recently."),
        "buffers": gauge("fructosa_memory_buffers_bytes", "Cached metadata of file systems."),
        "cached": gauge("fructosa_memory_cached_bytes", "Cached contents of files."),
        "shared": gauge("fructosa_memory_shared_bytes", "Shared by processes, tmpfs included."),
        "slab": gauge("fructosa_memory_slab_bytes", "The kernel's own structures."),
    }
    UTILIZATION = gauge(
        "fructosa_memory_utilization_ratio", "Share of the memory that is not available."
    )

    read = staticmethod(psutil.virtual_memory)
    _fields = attrgetter(*FIELDS)
    _keys = [(metric, ()) for metric in (*FIELDS.values(), UTILIZATION)]

    def samples(self) -> Iterator[Rows]:
        memory = self.read()
        in_use = 1 - memory.available / memory.total
        yield Rows(self._keys, (*self._fields(memory), in_use))


class SwapMemory(Sensor):
    """Swap space, and how much has been swapped in and out.

    Source: psutil.swap_memory(), i.e. /proc/meminfo and /proc/vmstat.
    """

    FIELDS = {
        "total": gauge("fructosa_swap_total_bytes", "Size of the swap space."),
        "used": gauge("fructosa_swap_used_bytes", "Swap space in use."),
        "free": gauge("fructosa_swap_free_bytes", "Swap space not in use."),
        "sin": counter("fructosa_swap_in_bytes_total", "Read back from swap space."),
        "sout": counter("fructosa_swap_out_bytes_total", "Written out to swap space."),
    }
    UTILIZATION = gauge("fructosa_swap_utilization_ratio", "Share of the swap space in use.")

    read = staticmethod(psutil.swap_memory)

    def samples(self) -> Iterator[Sample]:
        swap = self.read()
        for field, metric in self.FIELDS.items():
            yield metric.sample(getattr(swap, field))
        if swap.total:
            yield self.UTILIZATION.sample(swap.used / swap.total)
