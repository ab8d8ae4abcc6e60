"""Every field of psutil is exposed, of what is read by psutil or as psutil reads it."""

import sys

import psutil
import pytest

from fructosa_exporter.sensors import SENSORS

from .. import machine
from ..machine import stat_reading


def psutil_tuple(name):
    """Return psutil's named tuple *name*; its module depends on the version of psutil."""
    modules = [module for path, module in sys.modules.items() if path.startswith("psutil.")]
    return next(getattr(module, name) for module in modules if hasattr(module, name))


FAMILY_INET, FAMILY_INET6 = 2, 10
# Fields that are not plain numbers, with two possible values.
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
    "started": (1e9, 1.1e9),  # in this century
    "ptp": ("10.0.0.3", None),
    "isup": (True, False),
    "duplex": ("full", "half"),
    "flags": ("up", "up,running"),
    "name": ("ada", "bob"),
    "terminal": ("tty1", "tty2"),
    "host": ("", "10.0.0.1"),
    "percent": (10.0, 20.0),
}
CPU_GUEST = {
    "guest": "the kernel includes it in user",
    "guest_nice": "the kernel includes it in nice",
}
UTILIZATION = {"percent": "computed from the other fields, as a ratio"}


def _stats(stats):
    return stat_reading(
        ctxt=stats.ctx_switches, intr=stats.interrupts, softirq=stats.soft_interrupts
    )


# psutil's tuple, the sensor, the function that wraps the tuple, and why fields are left out.
FIELDS = [
    (type(psutil.cpu_times()), "CPUTimes", stat_reading, {}),
    (type(psutil.cpu_times()), "CPUTimesPercent", stat_reading, {}),
    (type(psutil.cpu_times()), "CPUPercent", stat_reading, CPU_GUEST),
    (psutil_tuple("scpustats"), "CPUStats", _stats, {"syscalls": "Linux does not count them"}),
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
        {"fd": "of no use outside its process"},
    ),
    (psutil_tuple("snicaddr"), "NetIFAddrs", lambda one: {"eth0": [one]}, {}),
    (psutil_tuple("snicstats"), "NetIFStats", lambda one: {"eth0": one}, {}),
    (psutil_tuple("suser"), "Users", lambda one: [one], {}),
]


def samples(name, result):
    """Return the samples of the sensor *name* for the *result* of psutil."""
    more = {"addresses": True} if name == "NetConnections" else {}
    more |= {"names": True} if name == "Users" else {}
    sensor = SENSORS[name](machine.options(name, **more), read=lambda *_: result)
    return [
        (sample.metric.name, sample.labels, sample.value) for sample in machine.samples_of(sensor)
    ]


@pytest.mark.parametrize(
    ("kind", "name", "wrap", "left_out"), FIELDS, ids=[one[1] for one in FIELDS]
)
def test_every_field_of_psutil_is_exposed(kind, name, wrap, left_out):
    """If a field changes, the samples change, except for fields that are left out."""
    wrap = wrap or (lambda one: one)
    numbers = {field: 1000 * number for number, field in enumerate(kind._fields, 1)}
    plain = kind(**{field: SPECIAL.get(field, (numbers[field],))[0] for field in numbers})
    other = {field: SPECIAL.get(field, (0, numbers[field] + 7))[1] for field in numbers}

    before = samples(name, wrap(plain))
    lost = {
        field
        for field, value in other.items()
        if samples(name, wrap(plain._replace(**{field: value}))) == before
    }

    assert left_out.keys() & numbers.keys() == lost
