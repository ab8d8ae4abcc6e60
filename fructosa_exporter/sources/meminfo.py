"""Parses /proc/meminfo (proc_meminfo(5))."""

import re

# Looking for what is used takes half the time of parsing all fifty lines.
_NAMES = (
    *(b"MemTotal", b"MemFree", b"MemAvailable", b"Buffers", b"Cached", b"Active", b"Inactive"),
    *(b"Shmem", b"Slab", b"HugePages_Total", b"HugePages_Free", b"Hugepagesize", b"Hugetlb"),
)
# "MemTotal:  24683656 kB"; a line without a unit is a number of huge pages.
_LINE = re.compile(rb"^(%s): *([0-9]{1,16})( kB)?$" % b"|".join(_NAMES), re.MULTILINE)
_UNIT_BYTES = {b" kB": 1024, b"": 1}


def parse(content: bytes) -> dict[bytes, int]:
    """Return the sizes in bytes, and the numbers of huge pages, by their names in the file.

    A line that is not as it should be, or that has another unit, is left out.
    """
    return {name: int(number) * _UNIT_BYTES[unit] for name, number, unit in _LINE.findall(content)}


def huge_page_bytes(memory: dict[bytes, int]) -> tuple[int | None, int | None]:
    """Return the memory reserved as huge pages, and what is free of it; None for what is unknown.

    The file counts free pages of the usual size only: if there are others, it is unknown.
    """
    size = memory.get(b"Hugepagesize")
    number, free = memory.get(b"HugePages_Total"), memory.get(b"HugePages_Free")
    usual = None if size is None or number is None else number * size
    total = memory.get(b"Hugetlb", usual)  # kernels before 4.16 do not have the sum of all sizes
    if total is None or usual is None or total != usual or size is None or free is None:
        return total, None
    return total, free * size
