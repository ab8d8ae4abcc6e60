"""The names of FrUCToSA 0.3: what it would have told of a node is what is told now."""

import psutil
import pytest

from fructosa_bridge.naming import legacy_names
from fructosa_bridge.naming.schemes import SCHEMES
from fructosa_bridge.translate import text_format
from fructosa_exporter.collect.sensor_reader import SensorReader
from fructosa_exporter.kernel import Kernel
from fructosa_exporter.page.exposition import Format
from fructosa_exporter.sensors import SENSORS
from fructosa_exporter.sources import proc_stat
from tests.exporter import machine
from tests.exporter.machine import record

FRUCTOSA = SCHEMES["fructosa"]

STAT = """\
cpu  {user} 20 300 4000 50 6 7 8 9 10
cpu0 {half} 10 100 2000 20 3 3 4 4 5
cpu1 {half} 10 200 2000 30 3 4 4 5 5
intr 1234 5 6
ctxt 5678
btime 1700000000
processes 99
procs_running 2
procs_blocked 1
softirq 4321 1 2
"""
FILES = {
    "stat": STAT.format(user=100, half=50),
    "meminfo": """\
MemTotal:       16000000 kB
MemFree:         4000000 kB
MemAvailable:   10000000 kB
Buffers:          500000 kB
Cached:          3000000 kB
SwapCached:            0 kB
Active:          2000000 kB
Inactive:        1000000 kB
Shmem:            700000 kB
Slab:             300000 kB
SReclaimable:     200000 kB
SwapTotal:       8000000 kB
SwapFree:        6000000 kB
""",
    "vmstat": "nr_free_pages 1\npswpin 11\npswpout 22\n",
    "net/dev": """\
Inter-|   Receive                                                |  Transmit
 face |bytes    packets errs drop fifo frame compressed multicast|bytes    packets errs drop
    lo: 1000 10 1 2 0 0 0 0 1000 10 3 4 0 0 0 0
  eth0: 2000 20 5 6 0 0 0 0 9000 30 7 8 0 0 0 0
""",
    "diskstats": """\
   8       0 sda 10 1 80 100 20 2 160 200 0 300 400 0 0 0 0
   8       1 sda1 9 1 72 90 19 2 152 190 0 290 390 0 0 0 0
 259       0 nvme0n1 30 3 240 300 40 4 320 400 0 500 600 0 0 0 0
 259       1 nvme0n1p1 29 3 232 290 39 4 312 390 0 490 590 0 0 0 0
""",
}


@pytest.fixture
def proc(tmp_path, monkeypatch):
    """Return a /proc that psutil and lagent both read."""
    for name, content in FILES.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(content)
    monkeypatch.setattr(psutil, "PROCFS_PATH", str(tmp_path))
    return tmp_path


def seen(*sensors):
    """Return what Graphite gets of a page of these sensors, by path."""
    page = "".join(SensorReader(sensor).run().text(Format.TEXT) for sensor in sensors)
    samples = list(text_format.samples(page))
    named = [FRUCTOSA.path(sample.name, sample.labels) for sample in samples]
    found = {
        name.path: name.factor * sample.value for name, sample in zip(named, samples, strict=True)
    }
    for total in FRUCTOSA.totals([name.path for name in named]):
        found[total.path] = total.factor * sum(samples[at].value for at in total.at)
    return found


def told(found, sensor):
    """Return the fields of an old sensor."""
    return {
        path.removeprefix(f"{sensor}."): value
        for path, value in found.items()
        if path.startswith(f"{sensor}.")
    }


def look():
    """Return a look at the processors, not one that another sensor had just before."""
    return proc_stat.parse(Kernel().content("/proc/stat"))


@pytest.mark.parametrize(
    ("name", "psutil_says", "left_out"),
    [
        ("VirtualMemory", psutil.virtual_memory, set()),
        ("SwapMemory", psutil.swap_memory, set()),
        ("NetIOCounters", lambda: psutil.net_io_counters(nowrap=False), set()),
    ],
)
@pytest.mark.usefixtures("proc")
def test_a_sensor_says_what_psutil_says(name, psutil_says, left_out):
    """Field by field, in psutil's units; psutil rounds percentages to a tenth."""
    found = told(seen(SENSORS[name]()), name)

    expected = {key: value for key, value in psutil_says()._asdict().items() if key not in left_out}
    assert pytest.approx(expected, abs=0.05) == found


@pytest.mark.usefixtures("proc")
def test_times_are_those_of_all_processors_together():
    """And those of each have plain names."""
    found = seen(SENSORS["CPUTimes"](read=look))

    assert pytest.approx(psutil.cpu_times()._asdict()) == told(found, "CPUTimes")
    assert {0.5} == {found[f"fructosa_cpu_seconds_total.{cpu}.user"] for cpu in "01"}


@pytest.mark.usefixtures("proc")
def test_counts_of_the_processors_are_what_psutil_counts():
    """But for system calls, which Linux does not count: psutil says 0."""
    found = told(seen(SENSORS["CPUStats"](read=look)), "CPUStats")

    assert psutil.cpu_stats()._asdict() == {**found, "syscalls": 0}


@pytest.mark.parametrize("name", ["CPUPercent", "CPUTimesPercent"])
def test_shares_of_time_are_percentages(name, proc):
    """Those of 0.3 covered the time since the measurement before, too."""
    sensor = SENSORS[name](read=look)
    seen(sensor)
    psutil.cpu_percent(percpu=True)
    psutil.cpu_times_percent()
    (proc / "stat").write_text(
        """\
cpu  200 20 340 4060 50 6 7 8 9 10
cpu0 110 10 120 2020 20 3 3 4 4 5
cpu1 90 10 220 2040 30 3 4 4 5 5
"""
    )

    found = told(seen(sensor), name)

    expected = {
        "CPUPercent": lambda: dict(zip("01", psutil.cpu_percent(percpu=True), strict=True)),
        "CPUTimesPercent": lambda: psutil.cpu_times_percent()._asdict(),
    }[name]()
    assert pytest.approx(expected, abs=0.05) == found
    assert {"CPUPercent": 80.0, "CPUTimesPercent": 20.0}[name] in [
        pytest.approx(value, abs=0.01) for value in found.values()
    ]


@pytest.mark.usefixtures("proc")
def test_of_disks_the_whole_ones_are_added_up():
    """What went through a partition went through its disk."""
    found = told(seen(SENSORS["DiskIOCounters"]()), "DiskIOCounters")

    disks = psutil.disk_io_counters(perdisk=True, nowrap=False)
    assert {"sda", "sda1", "nvme0n1", "nvme0n1p1"} == disks.keys()
    whole = zip(disks["sda"]._fields, disks["sda"], disks["nvme0n1"], strict=True)
    assert pytest.approx({field: one + other for field, one, other in whole}) == found


def test_the_file_system_at_the_root_has_the_old_name():
    """0.3 knew no other."""
    sensor = SENSORS["DiskUsage"](
        read=lambda path: {
            "/": record(total=10, used=3, free=6, percent=33.3),
            "/home": record(total=99, used=88, free=11, percent=88.9),
        }[path],
        mounts=machine.FixedMounts(
            machine.partition("/dev/sda1", "/"), machine.partition("/dev/sdb1", "/home")
        ),
    )

    found = seen(sensor)

    expected = {"total": 10, "used": 3, "free": 6, "percent": 33.3}
    assert pytest.approx(expected, abs=0.05) == told(found, "DiskUsage")
    assert found["fructosa_filesystem_total_bytes.:home"] == 99


def test_frequencies_are_the_mean_in_megahertz():
    """As psutil tells them without percpu."""
    both = [
        record(current=2000.0, min=800.0, max=3000.0),
        record(current=1000.0, min=800.0, max=3000.0),
    ]

    found = told(seen(SENSORS["CPUFreq"](read=lambda: both)), "CPUFreq")

    assert pytest.approx({"current": 1500.0, "min": 800.0, "max": 3000.0}) == found


def test_what_was_a_single_number_is_one():
    """Its name is that of its sensor."""
    found = seen(machine.full("CPUCount"), machine.full("BootTime"))

    assert found == {"CPUCount": 8, "fructosa_cpu_cores": 4, "BootTime": 1_700_000_000}


def test_a_battery_has_a_percentage():
    """And seconds that are left."""
    found = told(seen(machine.full("SensorsBattery")), "SensorsBattery")

    assert {"percent": 50.0, "secsleft": 3600, "power_plugged": 1} == found


def test_processors_that_are_told_together_keep_their_old_names():
    """With percpu = no the sum is of one series."""
    options = machine.options("CPUTimes", percpu=False)
    seconds = [machine.cpu_times(user=1, idle=3), machine.cpu_times(user=2)]

    found = seen(SENSORS["CPUTimes"](options, read=lambda: machine.stat_reading(*seconds)))

    assert found["CPUTimes.user"] == 3
    assert found["CPUTimes.idle"] == 3


def test_the_table_names_what_sensors_declare():
    """With the labels that they declare, and below the sensor that has them."""
    declared = {
        metric.name: (name, set(metric.labels))
        for name, sensor in SENSORS.items()
        for metric in sensor.metrics
    }

    table = {
        metric: (old.name.partition(".")[0], {old.label} if old.label else set())
        for metric, olds in legacy_names.RENAMED.items()
        for old in olds
    } | {
        metric: (summed.name.partition(".")[0], set(summed.labels))
        for metric, summed in legacy_names.SUMMED.items()
    }
    assert {metric: declared.get(metric) for metric in table} == table
    assert set() == legacy_names.RENAMED.keys() & legacy_names.SUMMED.keys()


def test_no_old_name_is_given_twice():
    """Each has one metric."""
    names = [old.name for olds in legacy_names.RENAMED.values() for old in olds]
    names += [summed.name for summed in legacy_names.SUMMED.values()]

    assert len(set(names)) == len(names)


@pytest.mark.parametrize(
    ("metric", "labels", "expected"),
    [
        ("fructosa_memory_used_bytes", {}, "VirtualMemory.used"),
        ("fructosa_memory_used_bytes", {"x": ""}, "VirtualMemory.used"),
        ("fructosa_memory_used_bytes", {"x": "y"}, "fructosa_memory_used_bytes.y"),
        ("fructosa_cpu_utilization_ratio", {"cpu": "a.b"}, "CPUPercent.a#2eb"),
        ("fructosa_cpu_utilization_ratio", {}, "fructosa_cpu_utilization_ratio"),
        ("fructosa_cpu_utilization_ratio", {"core": "0"}, "fructosa_cpu_utilization_ratio.0"),
        ("CPUPercent", {"cpu": "0"}, "exported_CPUPercent.0"),
        ("exported_CPUPercent", {"cpu": "0"}, "exported_exported_CPUPercent.0"),
        ("BootTime", {}, "exported_BootTime"),
        ("node_load1", {}, "node_load1"),
        (
            "fructosa_cpu_seconds_total",
            {"mode": "user", "cpu": "0"},
            "fructosa_cpu_seconds_total.0.user",
        ),
        (
            "fructosa_cpu_seconds_total",
            {"cpu": "0", "x": "user"},
            "fructosa_cpu_seconds_total.cpu#:0.x#:user",
        ),
        ("fructosa_disk_reads_total", {"disk": "sda"}, "fructosa_disk_reads_total.disk#:sda"),
    ],
)
def test_only_what_lagent_says_has_an_old_name(metric, labels, expected):
    """The same metric with other labels, or another of the old name, has not."""
    assert expected == FRUCTOSA.path(metric, tuple(labels.items())).path


def test_only_what_lagent_says_is_added_up():
    """A metric of the same name with other labels is somebody else's."""
    series = [
        ("fructosa_network_receive_bytes_total", (("interface", "eth0"),)),
        ("fructosa_network_receive_bytes_total", (("link", "eth1"),)),
        ("fructosa_network_receive_bytes_total", (("interface", "eth2"), ("link", "x"))),
        ("fructosa_network_receive_bytes_total", tuple((f"l{i}", "x" * 240) for i in range(20))),
        ("fructosa_network_receive_bytes_total", ()),
        ("fructosa_network_receive_bytes_total", (("interface", "ib0"),)),
    ]

    (total,) = FRUCTOSA.totals([FRUCTOSA.path(*one).path for one in series])

    assert total == ("NetIOCounters.bytes_recv", 1.0, (0, 5))


@pytest.mark.parametrize(
    ("devices", "expected"),
    [
        (["sda", "sda1", "sda12", "sdaa", "sdaa1"], ["sda", "sdaa"]),
        (["sda1", "sda2"], ["sda1", "sda2"]),
        (["nvme0n1", "nvme0n1p1", "nvme0n12"], ["nvme0n1", "nvme0n12"]),
        (["dm-1", "dm-10", "md0", "md0p1"], ["dm-1", "dm-10", "md0"]),
        (["mmcblk0", "mmcblk0p1", "mmcblk0boot0"], ["mmcblk0", "mmcblk0boot0"]),
    ],
)
def test_a_partition_is_known_by_its_name(devices, expected):
    """If its disk is told of; partitions alone are added up."""
    paths = [f"fructosa_disk_reads_total.{device}" for device in devices]

    (total,) = legacy_names.totals(paths)

    assert expected == [devices[at] for at in total.at]


def test_a_series_that_is_said_twice_counts_once():
    """The last one, as for its own path."""
    (total,) = legacy_names.totals(["fructosa_network_receive_bytes_total.eth0"] * 2)

    assert (1,) == total.at
