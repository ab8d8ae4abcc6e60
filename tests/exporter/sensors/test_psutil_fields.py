"""Nothing that psutil tells is lost on the way to the page."""

import sys

import psutil
import pytest

from fructosa_exporter.sensors import SENSORS

from .. import machine
from ..machine import look


def psutil_tuple(name):
    """Return the type that psutil calls *name*; where it is defined changes with its version."""
    modules = [module for path, module in sys.modules.items() if path.startswith("psutil.")]
    return next(getattr(module, name) for module in modules if hasattr(module, name))


FAMILY_INET, FAMILY_INET6 = 2, 10
# Values that are no plain numbers: what psutil might tell, and something else that it might.
SPECIAL = {
    "device": ("/dev/sda1", "/dev/sdb1"),
    "mountpoint": ("/", "/home"),
    "fstype": ("ext4", "xfs"),
    "opts": ("rw", "ro"),
    "family": (FAMILY_INET, FAMILY_INET6),
    "type": (1, 2),
    "laddr": (machine.record(ip="::1", port=1), machine.record(ip="::1", port=2)),
    "raddr": (machine.record(ip="::1", port=1), ()),
    "status": ("LISTEN", "NONE"),
    "address": ("10.0.0.1", "10.0.0.2"),
    "netmask": ("255.0.0.0", None),
    "broadcast": ("10.0.0.255", None),
    "ptp": ("10.0.0.3", None),
    "isup": (True, False),
    "duplex": ("full", "half"),
    "flags": ("up", "up,running"),
    "label": ("Core 0", "Core 1"),
    "power_plugged": (True, False),
    "name": ("ada", "bob"),
    "terminal": ("tty1", "tty2"),
    "host": ("", "10.0.0.1"),
    "percent": (10.0, 20.0),
}
CPU_GUEST = {
    "guest": "the kernel counts it in user",
    "guest_nice": "the kernel counts it in nice",
}
UTILIZATION = {"percent": "worked out from the other fields, as a ratio"}


def _stats(told):
    return look(ctxt=told.ctx_switches, intr=told.interrupts, softirq=told.soft_interrupts)


# What psutil tells, the sensor that reads it, how it comes, and which fields are left out: why.
TOLD = [
    (type(psutil.cpu_times()), "CPUTimes", look, {}),
    (type(psutil.cpu_times()), "CPUTimesPercent", look, {}),
    (type(psutil.cpu_times()), "CPUPercent", look, CPU_GUEST),
    (psutil_tuple("scpustats"), "CPUStats", _stats, {"syscalls": "Linux does not count them"}),
    (psutil_tuple("scpufreq"), "CPUFreq", lambda one: [one], {}),
    (psutil_tuple("svmem"), "VirtualMemory", None, UTILIZATION),
    (
        psutil_tuple("sdiskpart"),
        "DiskPartitions",
        lambda one: [one],
        {"maxfile": "the same on every Linux", "maxpath": "the same on every Linux"},
    ),
    (psutil_tuple("sdiskusage"), "DiskUsage", None, UTILIZATION),
    (psutil_tuple("sdiskio"), "DiskIOCounters", lambda one: {"sda": one}, {}),
    (psutil_tuple("snetio"), "NetIOCounters", lambda one: {"eth0": one}, {}),
    (
        psutil_tuple("sconn"),
        "NetConnections",
        lambda one: [one],
        {"fd": "a number within one process, of no use outside it"},
    ),
    (psutil_tuple("snicaddr"), "NetIFAddrs", lambda one: {"eth0": [one]}, {}),
    (psutil_tuple("snicstats"), "NetIFStats", lambda one: {"eth0": one}, {}),
    (psutil_tuple("shwtemp"), "SensorsTemperatures", lambda one: {"coretemp": [one]}, {}),
    (psutil_tuple("sfan"), "SensorsFans", lambda one: {"thinkpad": [one]}, {}),
    (psutil_tuple("sbattery"), "SensorsBattery", None, {}),
    (psutil_tuple("suser"), "Users", lambda one: [one], {}),
]


def said(name, told):
    """Return what the sensor *name* says when psutil has *told* it something."""
    more = {"addresses": True} if name == "NetConnections" else {}
    more |= {"names": True} if name == "Users" else {}
    sensor = SENSORS[name](machine.options(name, **more), read=lambda *_: told)
    return [
        (sample.metric.name, sample.labels, sample.value) for sample in machine.samples_of(sensor)
    ]


@pytest.mark.parametrize(
    ("told", "name", "wrap", "left_out"), TOLD, ids=[f"{told[1]}" for told in TOLD]
)
def test_nothing_that_psutil_tells_is_lost(told, name, wrap, left_out):
    """Whichever field of its answer changes, the page changes; but for those left out."""
    wrap = wrap or (lambda one: one)
    numbers = {field: 1000 * number for number, field in enumerate(told._fields, 1)}
    plain = told(**{field: SPECIAL.get(field, (numbers[field],))[0] for field in numbers})
    other = {field: SPECIAL.get(field, (0, numbers[field] + 7))[1] for field in numbers}

    before = said(name, wrap(plain))
    lost = {
        field
        for field, value in other.items()
        if said(name, wrap(plain._replace(**{field: value}))) == before
    }

    assert left_out.keys() & numbers.keys() == lost
