"""NUMA nodes: the memory of each, and the pages that were allocated on it."""

import re
from collections.abc import Iterator, Mapping

from fructosa_exporter.errors import SensorUnavailable
from fructosa_exporter.kernel import Kernel
from fructosa_exporter.metrics import Metric, Sample, counter, gauge
from fructosa_exporter.sensor import CalmSensorOptions, Sensor

_NODES = "/sys/devices/system/node"
_NODE = re.compile(r"node([0-9]+)")
_SIZE = re.compile(r"hugepages-(([0-9]{1,12})kB)")
# "Node 0 MemTotal:  134182340 kB"; a line without kB is a number of pages of unknown size.
_MEMORY = re.compile(r"^Node +[0-9]+ +(\w+): +([0-9]{1,16}) kB$", re.MULTILINE)
_PAGES = re.compile(r"^(\w+) +([0-9]{1,20})$", re.MULTILINE)


class NUMAMemory(Sensor):
    """Memory and huge pages of each NUMA node, and page allocations by where they were served.

    Source: /sys/devices/system/node/node*/{meminfo,numastat,hugepages}. The kernel counts as used
    all memory that is not free, including the cached contents of files. Page counts begin at boot
    and do not include huge pages. A growing number of miss or other pages means that programs
    work on memory of a remote node.
    """

    Options = CalmSensorOptions

    MEMORY = {
        "MemTotal": gauge(
            "fructosa_numa_memory_total_bytes", "Installed memory of the NUMA node.", "node"
        ),
        "MemFree": gauge(
            "fructosa_numa_memory_free_bytes", "Memory of the NUMA node that is not used.", "node"
        ),
        "MemUsed": gauge(
            "fructosa_numa_memory_used_bytes",
            "Memory of the NUMA node that is used, including caches.",
            "node",
        ),
        "FilePages": gauge(
            "fructosa_numa_memory_file_bytes",
            "Memory of the NUMA node used to cache the contents of files.",
            "node",
        ),
        "AnonPages": gauge(
            "fructosa_numa_memory_anonymous_bytes",
            "Memory of programs on the NUMA node that is not backed by files.",
            "node",
        ),
        "Shmem": gauge(
            "fructosa_numa_memory_shared_bytes",
            "Memory of the NUMA node that is shared by processes, including tmpfs.",
            "node",
        ),
        "Slab": gauge(
            "fructosa_numa_memory_slab_bytes",
            "Memory of the NUMA node used for kernel data structures.",
            "node",
        ),
        "Dirty": gauge(
            "fructosa_numa_memory_dirty_bytes",
            "Cached data on the NUMA node that is still to be written to disk.",
            "node",
        ),
    }
    HUGE = {
        "nr_hugepages": gauge(
            "fructosa_numa_hugepages_total_bytes",
            "Memory reserved as huge pages of the size.",
            "node",
            "page_size",
        ),
        "free_hugepages": gauge(
            "fructosa_numa_hugepages_free_bytes",
            "Memory in unused huge pages of the size.",
            "node",
            "page_size",
        ),
    }
    PAGES = {
        "numa_hit": counter(
            "fructosa_numa_hit_pages_total", "Pages allocated on this node as intended.", "node"
        ),
        "numa_miss": counter(
            "fructosa_numa_miss_pages_total",
            "Pages allocated on this node although another one was preferred.",
            "node",
        ),
        "numa_foreign": counter(
            "fructosa_numa_foreign_pages_total",
            "Pages intended for this node but allocated on another one.",
            "node",
        ),
        "interleave_hit": counter(
            "fructosa_numa_interleave_hit_pages_total",
            "Pages allocated on this node as intended by the interleave policy.",
            "node",
        ),
        "local_node": counter(
            "fructosa_numa_local_pages_total",
            "Pages allocated on this node by processes that ran on it.",
            "node",
        ),
        "other_node": counter(
            "fructosa_numa_other_pages_total",
            "Pages allocated on this node by processes that ran on another one.",
            "node",
        ),
    }

    read: Kernel = Kernel()

    def samples(self) -> Iterator[Sample]:
        nodes = [match for name in self.read.names(_NODES) if (match := _NODE.fullmatch(name))]
        if not nodes:
            raise SensorUnavailable("the kernel has no NUMA nodes")
        for match in nodes:
            folder, node = f"{_NODES}/{match[0]}", match[1]
            yield from _samples(self.MEMORY, parse_meminfo(self._text(f"{folder}/meminfo")), node)
            yield from self._huge_pages(f"{folder}/hugepages", node)
            yield from _samples(self.PAGES, parse_numastat(self._text(f"{folder}/numastat")), node)

    def _text(self, path: str) -> str:
        """Return the content of a file; an empty text if its node has just been removed."""
        return self.read.word(path) or ""

    def _huge_pages(self, folder: str, node: str) -> Iterator[Sample]:
        for match in filter(None, map(_SIZE.fullmatch, self.read.names(folder))):
            for file, metric in self.HUGE.items():
                number = self.read.count(f"{folder}/{match[0]}/{file}")
                if number is not None:
                    yield metric.sample(number * int(match[2]) * 1024, node, match[1])


def parse_meminfo(text: str) -> dict[str, int]:
    """Parse a node's ``meminfo``; return the values in bytes by name."""
    return {name: int(kilobytes) * 1024 for name, kilobytes in _MEMORY.findall(text)}


def parse_numastat(text: str) -> dict[str, int]:
    """Parse a node's ``numastat``; return the counts by name."""
    return {name: int(count) for name, count in _PAGES.findall(text)}


def _samples(
    metrics: Mapping[str, Metric], values: Mapping[str, int], node: str
) -> Iterator[Sample]:
    for field, metric in metrics.items():
        if field in values:
            yield metric.sample(values[field], node)
