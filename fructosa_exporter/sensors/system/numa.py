"""NUMA nodes: the memory of each, and from where processes got theirs."""

import re
from collections.abc import Iterator, Mapping

from fructosa_exporter.errors import SensorUnavailable
from fructosa_exporter.kernel import Kernel
from fructosa_exporter.metrics import Metric, Sample, counter, gauge
from fructosa_exporter.sensor import CalmSensorOptions, Sensor

_NODES = "/sys/devices/system/node"
_NODE = re.compile(r"node([0-9]+)")
_SIZE = re.compile(r"hugepages-(([0-9]{1,12})kB)")
# "Node 0 MemTotal:  134182340 kB"; what isn't in kB is a number of pages, of a size not told there.
_MEMORY = re.compile(r"^Node +[0-9]+ +(\w+): +([0-9]{1,16}) kB$", re.MULTILINE)
_PAGES = re.compile(r"^(\w+) +([0-9]{1,20})$", re.MULTILINE)


class NUMAMemory(Sensor):
    """Memory of each NUMA node, its huge pages, and pages that came from another node.

    Source: /sys/devices/system/node/node*/{meminfo,numastat,hugepages}. As the kernel counts
    it, used is all that is not free, so it holds the cached contents of files too. Pages are
    counted since boot, and huge pages are not among them. A growing miss or other means that
    programs work on memory that is far away.
    """

    Options = CalmSensorOptions

    MEMORY = {
        "MemTotal": gauge("fructosa_numa_memory_total_bytes", "Installed memory.", "node"),
        "MemFree": gauge("fructosa_numa_memory_free_bytes", "Not used for anything.", "node"),
        "MemUsed": gauge("fructosa_numa_memory_used_bytes", "In use, caches included.", "node"),
        "FilePages": gauge("fructosa_numa_memory_file_bytes", "Cached contents of files.", "node"),
        "AnonPages": gauge(
            "fructosa_numa_memory_anonymous_bytes", "Memory of programs, without files.", "node"
        ),
        "Shmem": gauge(
            "fructosa_numa_memory_shared_bytes", "Shared by processes, tmpfs included.", "node"
        ),
        "Slab": gauge("fructosa_numa_memory_slab_bytes", "The kernel's own structures.", "node"),
        "Dirty": gauge(
            "fructosa_numa_memory_dirty_bytes", "Cached, and still to be written to disk.", "node"
        ),
    }
    HUGE = {
        "nr_hugepages": gauge(
            "fructosa_numa_hugepages_total_bytes",
            "Memory set aside as huge pages of the size.",
            "node",
            "page_size",
        ),
        "free_hugepages": gauge(
            "fructosa_numa_hugepages_free_bytes",
            "Memory in huge pages of the size that nobody uses.",
            "node",
            "page_size",
        ),
    }
    PAGES = {
        "numa_hit": counter(
            "fructosa_numa_hit_pages_total", "Pages got from this node, as was wanted.", "node"
        ),
        "numa_miss": counter(
            "fructosa_numa_miss_pages_total",
            "Pages got from this node, though another one was wanted.",
            "node",
        ),
        "numa_foreign": counter(
            "fructosa_numa_foreign_pages_total",
            "Pages wanted from this node, but got from another one.",
            "node",
        ),
        "interleave_hit": counter(
            "fructosa_numa_interleave_hit_pages_total",
            "Pages got from this node, as interleaving wanted.",
            "node",
        ),
        "local_node": counter(
            "fructosa_numa_local_pages_total",
            "Pages got from this node by processes that ran on it.",
            "node",
        ),
        "other_node": counter(
            "fructosa_numa_other_pages_total",
            "Pages got from this node by processes that ran on another one.",
            "node",
        ),
    }

    read: Kernel = Kernel()

    def samples(self) -> Iterator[Sample]:
        nodes = [match for name in self.read.names(_NODES) if (match := _NODE.fullmatch(name))]
        if not nodes:
            raise SensorUnavailable("the kernel knows no NUMA nodes")
        for match in nodes:
            folder, node = f"{_NODES}/{match[0]}", match[1]
            yield from _told(self.MEMORY, memory(self._text(f"{folder}/meminfo")), node)
            yield from self._huge_pages(f"{folder}/hugepages", node)
            yield from _told(self.PAGES, pages(self._text(f"{folder}/numastat")), node)

    def _text(self, path: str) -> str:
        """Return what a file holds; nothing when its node has just been taken away."""
        return self.read.word(path) or ""

    def _huge_pages(self, folder: str, node: str) -> Iterator[Sample]:
        for match in filter(None, map(_SIZE.fullmatch, self.read.names(folder))):
            for file, metric in self.HUGE.items():
                number = self.read.count(f"{folder}/{match[0]}/{file}")
                if number is not None:
                    yield metric.sample(number * int(match[2]) * 1024, node, match[1])


def memory(text: str) -> dict[str, int]:
    """Return the bytes that a node's ``meminfo`` tells, by their names."""
    return {name: int(kilobytes) * 1024 for name, kilobytes in _MEMORY.findall(text)}


def pages(text: str) -> dict[str, int]:
    """Return the counts of a node's ``numastat``, by their names."""
    return {name: int(count) for name, count in _PAGES.findall(text)}


def _told(metrics: Mapping[str, Metric], found: Mapping[str, int], node: str) -> Iterator[Sample]:
    for field, metric in metrics.items():
        if field in found:
            yield metric.sample(found[field], node)
