"""Finds temperatures and fans of the chips in /sys/class/hwmon.

The kernel numbers chips (hwmon0) in the order in which their drivers were loaded, which changes
from boot to boot. So a chip has the name of its device, as in node_exporter: the last two parts of
its path, such as platform_coretemp_0, nvme_nvme0 or pci0000:00_0000:00:18_3. A temperature or fan
of it has the name that its files begin with, such as temp3. Source:
Documentation/hwmon/sysfs-interface.rst.
"""

import re
from collections import Counter
from collections.abc import Iterator, Mapping
from typing import NamedTuple

from fructosa_exporter.kernel import Kernel
from fructosa_exporter.sources.readable import or_none

_CHIPS = "/sys/class/hwmon"
_FILES = {
    kind: re.compile(rf"({kind}([0-9]{{1,6}}))_(input|label|fault|max|crit)")
    for kind in ("temp", "fan")
}
_LIMITS = {"max": "high", "crit": "critical"}
_OTHER = re.compile(r"[^a-z0-9:_]")


class Chip(NamedTuple):
    """A chip: its *device*, the *name* of its kind (empty if it has none), and its *folder*."""

    device: str
    name: str
    folder: str


class ChipInput(NamedTuple):
    """A temperature or fan of a chip: the name and the path that its files begin with."""

    chip: Chip
    sensor: str
    path: str
    files: frozenset[str]

    def labels(self, read: Kernel) -> tuple[str, str, str]:
        """Return its chip, its own name, and what people call it: else the name of the chip."""
        own = or_none(read.word, f"{self.path}_label") if "label" in self.files else None
        return self.chip.device, self.sensor, own or self.chip.name or self.sensor

    def value(self, read: Kernel) -> int | None:
        """Return what it measures; None if it tells nothing, or that its hardware is broken.

        Raises: PermissionError.
        """
        return None if self._number(read, "fault") else read.number(f"{self.path}_input")

    def limits(self, read: Kernel) -> Iterator[tuple[str, int]]:
        """Yield the limits of a temperature, "high" and "critical", in thousandths of a degree."""
        for file, limit in _LIMITS.items():
            value = self._number(read, file)
            if value is not None:
                yield limit, value

    def _number(self, read: Kernel, file: str) -> int | None:
        return or_none(read.number, f"{self.path}_{file}") if file in self.files else None


def chip_inputs(read: Kernel, kind: str) -> list[ChipInput]:
    """Return all inputs of a *kind*, "temp" or "fan"."""
    return [one for chip in chips(read) for one in _inputs(read, chip, kind)]


def chips(read: Kernel) -> list[Chip]:
    """Return the chips, in the kernel's order."""
    numbers = read.names(_CHIPS)
    found = {number: _device_and_name(read, f"{_CHIPS}/{number}") for number in numbers}
    devices = unique_devices(found)
    return [Chip(devices[one], found[one][1], f"{_CHIPS}/{one}") for one in numbers]


def _device_and_name(read: Kernel, folder: str) -> tuple[str, str]:
    path = read.real_path(f"{folder}/device")
    parts = path.split("/")[-2:] if path else []
    return "_".join(filter(None, map(_cleaned, parts))), or_none(read.word, f"{folder}/name") or ""


def _cleaned(text: str) -> str:
    return _OTHER.sub("_", text.lower()).strip("_")


def unique_devices(found: Mapping[str, tuple[str, str]]) -> dict[str, str]:
    """Return the unique device of each chip; *found* has its device and name by kernel number.

    If several chips share a device, as of some Wi-Fi adapters, their names tell them apart. A chip
    without a device has its name and the kernel's number.
    """
    shared, same = Counter(device for device, _ in found.values()), Counter(found.values())

    def parts(number: str) -> Iterator[str]:
        device, name = found[number]
        yield device
        if not device or shared[device] > 1:
            yield _cleaned(name)
        if not device or same[device, name] > 1:
            yield number

    return {number: "_".join(filter(None, parts(number))) for number in found}


def _inputs(read: Kernel, chip: Chip, kind: str) -> Iterator[ChipInput]:
    # Old drivers have their files in the folder of the device.
    for folder in (chip.folder, f"{chip.folder}/device"):
        files: dict[tuple[int, str], set[str]] = {}
        names = (name for name in read.listing(folder) if name.startswith(kind))
        for match in filter(None, map(_FILES[kind].fullmatch, names)):
            files.setdefault((int(match[2]), match[1]), set()).add(match[3])
        inputs = [number for number in sorted(files) if "input" in files[number]]
        for number in inputs:
            sensor = number[1]
            yield ChipInput(chip, sensor, f"{folder}/{sensor}", frozenset(files[number]))
        if inputs:
            return
