"""A fake machine with all devices, as plain values.

Sensors get its readings by argument, so that each test defines its own machine.
"""

import socket
from collections import namedtuple
from dataclasses import fields
from pathlib import Path
from types import SimpleNamespace

from fructosa_exporter.gpus.quantities import GPUProcess
from fructosa_exporter.kernel import Kernel
from fructosa_exporter.metrics import Family, Rows
from fructosa_exporter.sensors import SENSORS
from fructosa_exporter.sensors.gpu.gpu_sensor import GPUSensor
from fructosa_exporter.sensors.system.clock import KernelClock
from fructosa_exporter.slurm.layouts import JobKey
from fructosa_exporter.sources import proc_stat
from fructosa_exporter.sources.mounts import Mount

from . import recorded
from .gpus.full import FullMachine

# A virtual machine with 2 processors, Linux 6.1, of which the second is number 3 as two are off.
PROC_STAT = b"""\
cpu  69173 71 16024 400423 1010 0 787 155 5 0
cpu0 27537 34 6906 208547 253 0 382 74 5 0
cpu3 41636 37 9118 191876 757 0 405 81 0 0
intr 882015 0 7 9
ctxt 2013
btime 1763975000
processes 4711
procs_running 2
procs_blocked 0
softirq 99 1 2
"""

Times = namedtuple("Times", "user nice system idle iowait irq softirq steal guest guest_nice")


def record(**fields):
    """Return something like a psutil result with these *fields*."""
    return SimpleNamespace(**fields)


def cpu_times(**seconds):
    """Return the times of a processor; zero for modes that are not given."""
    return Times(**{mode: float(seconds.get(mode, 0)) for mode in Times._fields})


def stat_reading(*processors, **numbers):
    """Return a reading of /proc/stat with the times of each processor and single numbers."""
    ticks = [tuple(round(100 * s) for s in times) for times in processors]
    lines = [("cpu", *map(sum, zip(*ticks, strict=True)))] if ticks else [("cpu", *[0] * 10)]
    lines += [(f"cpu{number}", *row) for number, row in enumerate(ticks)]
    lines += [(name, number, 0, 0) for name, number in numbers.items()]
    return proc_stat.parse("".join(" ".join(map(str, line)) + "\n" for line in lines).encode())


def partition(device, mountpoint, fstype="ext4", opts="rw"):
    """Return a mounted partition."""
    return Mount(device, mountpoint, fstype, opts)


class FixedMounts:
    """The mounts of a fake machine."""

    def __init__(self, *mounts, pseudo=()):
        self._local, self._pseudo = list(mounts), list(pseudo)

    def __call__(self):
        """Return all mounts."""
        return [*self._local, *self._pseudo]

    def local(self, mounts):
        """Return the mounts of local devices."""
        return [mount for mount in mounts if mount in self._local]


def connection(**changes):
    """Return an established TCP connection with *changes*."""
    known = {
        "fd": 3,
        "family": socket.AF_INET,
        "type": socket.SOCK_STREAM,
        "laddr": record(ip="10.0.0.1", port=22),
        "raddr": record(ip="10.0.0.2", port=4711),
        "status": "ESTABLISHED",
        "pid": 42,
    }
    return record(**(known | changes))


def address(family=socket.AF_INET, address="10.0.0.1", **more):
    """Return an address of an interface."""
    known = {"netmask": None, "broadcast": None, "ptp": None}
    return record(family=family, address=address, **(known | more))


def session(**changes):
    """Return a login session with *changes*."""
    known = {"name": "ada", "terminal": "pts/0", "host": "10.0.0.9", "started": 1e9, "pid": 7}
    return record(**(known | changes))


def options(name, **values):
    """Return the options of the sensor *name*."""
    return SENSORS[name].Options(**values)


def _busy():
    return stat_reading(
        cpu_times(user=1, idle=3),
        intr=2,
        ctxt=1,
        btime=1_700_000_000,
        processes=4,
        procs_blocked=5,
        softirq=3,
    )


# The readings of sensors that read functions.
_READINGS = {
    "CPUPercent": _busy,
    "CPUTimes": _busy,
    "CPUTimesPercent": _busy,
    "CPUCount": lambda *, logical: 8 if logical else 4,
    "CPUStats": _busy,
    "DiskPartitions": lambda: [partition("/dev/sda1", "/", opts="ro,noatime")],
    "DiskUsage": lambda path: record(total=10, used=3, free=6, percent=33.3),
    "DiskIOCounters": lambda: {
        "sda": record(
            read_count=1,
            write_count=2,
            read_bytes=3,
            write_bytes=4,
            read_time=5,
            write_time=6,
            read_merged_count=7,
            write_merged_count=8,
            busy_time=9,
        )
    },
    "NetIOCounters": lambda: {
        "eth0": record(
            bytes_sent=1,
            bytes_recv=2,
            packets_sent=3,
            packets_recv=4,
            errin=5,
            errout=6,
            dropin=7,
            dropout=8,
        )
    },
    "NetConnections": lambda: [connection()],
    "NetIFAddrs": lambda: {"eth0": [address()]},
    "NetIFStats": lambda: {
        "eth0": record(isup=True, duplex="full", speed=1000, mtu=1500, flags="up,running")
    },
    "BootTime": _busy,
    "Users": lambda: [session()],
    "ClockSync": lambda: KernelClock(
        state=0,
        status=0x2001,
        offset=-1500,
        frequency=0,
        max_error_us=2500,
        estimated_error_us=16,
        seconds=1_700_000_000,
        fraction=0,
        tick_us=10_000,
    ),
}
# Options without a useful default.
_VALUES = {"TextFile": {"folder": Path("/var/lib/fructosa/textfile")}}


def _all_options(name):
    """Return the options of a sensor, with all enabled that are off by default."""
    switches = {
        field.name: True for field in fields(SENSORS[name].Options) if field.default is False
    }
    return options(name, **switches, **_VALUES.get(name, {}))


def _read(name):
    """Return what the sensor *name* reads on the fake machine.

    Files of the kernel are those of the recorded tree with the name of the sensor's module.
    """
    sensor = SENSORS[name]
    if issubclass(sensor, GPUSensor):
        return FullMachine()
    if name in _READINGS:
        return _READINGS[name]
    tree = sensor.__module__.rpartition(".")[2]
    if not isinstance(sensor.read, Kernel):
        raise LookupError(
            f"{name} has no reading; add that of a machine with all devices to _READINGS in "
            "tests/exporter/machine.py"
        )
    if not (recorded.FOLDER / f"{tree}.tree").exists():
        raise LookupError(
            f"{name} has no recorded files; add those of a machine with all devices to "
            f"tests/exporter/recorded/{tree}.tree (see tests/exporter/recorded/__init__.py)"
        )
    return recorded.kernel(tree)


class GPUsInUse:
    """GPUs that processes use: their PIDs by UUID."""

    def __init__(self, **pids):
        self._pids = pids

    def query_each(self, _name, query):
        """Return the result of *query* for each GPU."""
        each = enumerate(self._pids.items())
        return [((str(at), uuid), query(_GPUInUse(pids))) for at, (uuid, pids) in each]

    def events(self, _name):
        """Return nothing: they have no Xids."""
        return []


class _GPUInUse:
    def __init__(self, pids):
        self._pids = pids

    def processes(self):
        return {"compute": [GPUProcess(pid, None) for pid in self._pids], "graphics": []}

    def info(self):
        return {}

    def use(self):
        return {}

    def faults(self):
        return {}


def _slurm_jobs():
    """Return the sensor of jobs; one runs, and one has ended."""
    kernel, gpus = recorded.kernel("slurm_jobs"), GPUsInUse(a=[1536])
    sensor = SENSORS["SlurmJobs"](_all_options("SlurmJobs"), kernel, gpus)
    lives = sensor._watch.lives
    lives.begin(JobKey("", "13"), "batch", 0)
    lives.end(JobKey("", "13"), 1)
    return sensor


def full(name):
    """Return the sensor *name* for the fake machine, with all its options enabled."""
    arguments = {}
    if name == "SlurmJobs":
        return _slurm_jobs()
    if name == "DiskUsage":
        arguments["mounts"] = FixedMounts(partition("/dev/sda1", "/"))
    return SENSORS[name](_all_options(name), read=_read(name), **arguments)


def samples_of(sensor):
    """Return all samples of a sensor, including those in rows."""
    found = []
    for item in sensor.samples():
        if isinstance(item, Rows):
            pairs = zip(item.keys, item.values, strict=True)
            found += [metric.sample(value, *labels) for (metric, labels), value in pairs]
        elif not isinstance(item, Family):  # families have no declared metrics
            found.append(item)
    return found


def values(sensor):
    """Return the values of a sensor by metric name without ``fructosa_`` and labels."""
    samples = samples_of(sensor)
    found = {(one.metric.name.removeprefix("fructosa_"), *one.labels): one.value for one in samples}
    assert len(samples) == len(found), "there are duplicate series"
    return found
