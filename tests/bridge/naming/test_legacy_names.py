"""The names of FrUCToSA 0.3: what it sent for a node is what lmaster sends."""

import re

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
from tests.exporter.memory_kernel import MemoryKernel

CPUFREQ = "/sys/devices/system/cpu/cpufreq"
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
    """A /proc that psutil and lagent both read."""
    for name, content in FILES.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(content)
    monkeypatch.setattr(psutil, "PROCFS_PATH", str(tmp_path))
    return tmp_path


def graphite_points(*sensors):
    """Return what Graphite receives for a page of these sensors, by path."""
    page = "".join(SensorReader(sensor).run().render(Format.TEXT) for sensor in sensors)
    samples = list(text_format.samples(page))
    series = [FRUCTOSA.path(sample.name, sample.labels) for sample in samples]
    points = {
        name.path: name.factor * sample.value for name, sample in zip(series, samples, strict=True)
    }
    for total in FRUCTOSA.totals([name.path for name in series]):
        points[total.path] = total.factor * sum(samples[at].value for at in total.at)
    return points


def fields(points, sensor):
    """Return the fields of a sensor of FrUCToSA 0.3."""
    return {
        path.removeprefix(f"{sensor}."): value
        for path, value in points.items()
        if path.startswith(f"{sensor}.")
    }


def read_stat():
    """Read /proc/stat directly, not through the cache that the sensors share."""
    return proc_stat.parse(Kernel().content("/proc/stat"))


@pytest.mark.usefixtures("proc")
def test_memory_has_the_fields_of_psutil():
    """Used and cached do not depend on the version of psutil: psutil's have changed."""
    values = fields(graphite_points(SENSORS["VirtualMemory"]()), "VirtualMemory")

    kernels = {"used": 6_000_000 * 1024, "cached": 3_000_000 * 1024}
    assert pytest.approx({**psutil.virtual_memory()._asdict(), **kernels}, abs=0.05) == values


@pytest.mark.parametrize(
    ("name", "psutil_result"),
    [
        ("SwapMemory", psutil.swap_memory),
        ("NetIOCounters", lambda: psutil.net_io_counters(nowrap=False)),
    ],
)
@pytest.mark.usefixtures("proc")
def test_the_fields_of_a_sensor_are_those_of_psutil(name, psutil_result):
    """They have psutil's units; psutil rounds percentages to a tenth."""
    values = fields(graphite_points(SENSORS[name]()), name)

    assert pytest.approx(psutil_result()._asdict(), abs=0.05) == values


@pytest.mark.usefixtures("proc")
def test_cpu_times_are_summed_over_all_processors():
    """The times of each processor have plain names."""
    points = graphite_points(SENSORS["CPUTimes"](read=read_stat))

    assert pytest.approx(psutil.cpu_times()._asdict()) == fields(points, "CPUTimes")
    assert {0.5} == {points[f"fructosa_cpu_seconds_total.{cpu}.user"] for cpu in "01"}


@pytest.mark.usefixtures("proc")
def test_cpu_statistics_are_those_of_psutil():
    """Also system calls, which Linux does not count: psutil returns 0."""
    values = fields(graphite_points(SENSORS["CPUStats"](read=read_stat)), "CPUStats")

    assert psutil.cpu_stats()._asdict() == values
    assert values["syscalls"] == 0


def test_a_node_without_swap_space_has_zeros(proc):
    """As psutil returns them; lagent itself exposes only the sizes."""
    meminfo = re.sub(r"(SwapTotal|SwapFree): +\d+", r"\1: 0", FILES["meminfo"])
    (proc / "meminfo").write_text(meminfo)
    (proc / "vmstat").write_text("nr_free_pages 1\npswpin 0\npswpout 0\n")

    values = fields(graphite_points(SENSORS["SwapMemory"]()), "SwapMemory")

    assert psutil.swap_memory()._asdict() == values
    assert {0} == set(values.values())


def test_frequencies_without_limits_have_zeros():
    """As in many virtual machines."""
    read = MemoryKernel({f"{CPUFREQ}/policy0/scaling_cur_freq": 2_000_000})

    values = fields(graphite_points(SENSORS["CPUFreq"](read=read)), "CPUFreq")

    assert {"current": 2000.0, "min": 0, "max": 0} == values


def test_a_metric_that_is_not_stored_is_not_zero():
    """The page has it, or may have it."""
    stored = "fructosa_swap_in_bytes_total", "fructosa_swap_utilization_ratio"

    found = FRUCTOSA.totals(["SwapMemory.total", "SwapMemory.percent"], stored.__contains__)

    assert [("SwapMemory.sin", 0.0, ())] == list(found)


@pytest.mark.parametrize("name", ["CPUPercent", "CPUTimesPercent"])
def test_cpu_utilization_is_in_percent(name, proc):
    """As in FrUCToSA 0.3, it covers the time since the previous measurement."""
    sensor = SENSORS[name](read=read_stat)
    graphite_points(sensor)
    psutil.cpu_percent(percpu=True)
    psutil.cpu_times_percent()
    (proc / "stat").write_text(
        """\
cpu  200 20 340 4060 50 6 7 8 9 10
cpu0 110 10 120 2020 20 3 3 4 4 5
cpu1 90 10 220 2040 30 3 4 4 5 5
"""
    )

    values = fields(graphite_points(sensor), name)

    expected = {
        "CPUPercent": lambda: dict(zip("01", psutil.cpu_percent(percpu=True), strict=True)),
        "CPUTimesPercent": lambda: psutil.cpu_times_percent()._asdict(),
    }[name]()
    assert pytest.approx(expected, abs=0.05) == values
    assert {"CPUPercent": 80.0, "CPUTimesPercent": 20.0}[name] in [
        pytest.approx(value, abs=0.01) for value in values.values()
    ]


@pytest.mark.usefixtures("proc")
def test_only_whole_disks_are_summed():
    """What is read from a partition is read from its disk."""
    values = fields(graphite_points(SENSORS["DiskIOCounters"]()), "DiskIOCounters")

    disks = psutil.disk_io_counters(perdisk=True, nowrap=False)
    assert {"sda", "sda1", "nvme0n1", "nvme0n1p1"} == disks.keys()
    whole = zip(disks["sda"]._fields, disks["sda"], disks["nvme0n1"], strict=True)
    assert pytest.approx({field: sda + nvme for field, sda, nvme in whole}) == values


def test_the_root_file_system_has_a_legacy_name():
    """FrUCToSA 0.3 knew no other file system."""
    sensor = SENSORS["DiskUsage"](
        read=lambda path: {
            "/": record(total=10, used=3, free=6, percent=33.3),
            "/home": record(total=99, used=88, free=11, percent=88.9),
        }[path],
        mounts=machine.FixedMounts(
            machine.partition("/dev/sda1", "/"), machine.partition("/dev/sdb1", "/home")
        ),
    )

    points = graphite_points(sensor)

    expected = {"total": 10, "used": 3, "free": 6, "percent": 33.3}
    assert pytest.approx(expected, abs=0.05) == fields(points, "DiskUsage")
    assert points["fructosa_filesystem_total_bytes.:home"] == 99


def test_frequencies_are_the_mean_of_all_processors_in_megahertz():
    """As psutil returns them without percpu."""
    files = {
        f"{CPUFREQ}/policy{cpu}/scaling_{name}_freq": kilohertz
        for cpu, current in enumerate([2_000_000, 1_000_000])
        for name, kilohertz in (("cur", current), ("min", 800_000), ("max", 3_000_000))
    }

    values = fields(graphite_points(SENSORS["CPUFreq"](read=MemoryKernel(files))), "CPUFreq")

    assert pytest.approx({"current": 1500.0, "min": 800.0, "max": 3000.0}) == values


def test_a_sensor_with_one_value_has_no_field():
    """The legacy name is that of the sensor."""
    points = graphite_points(machine.full("CPUCount"), machine.full("BootTime"))

    assert points == {"CPUCount": 8, "fructosa_cpu_cores": 4, "BootTime": 1_700_000_000}


def test_a_battery_has_a_percentage_and_the_seconds_left():
    """Both have the names of psutil. Of several, they are of all together."""
    values = fields(graphite_points(machine.full("SensorsBattery")), "SensorsBattery")

    charge, drawn = 2420 / 25860, 2420 / 27758
    expected = {
        "percent": 100 * (charge + 0.5) / 2,
        "secsleft": 3600 * drawn,
        "power_plugged": 0,
    }
    assert expected == pytest.approx(values)


def test_cpu_times_without_percpu_keep_their_legacy_names():
    """With percpu = no the sum has one term."""
    options = machine.options("CPUTimes", percpu=False)
    seconds = [machine.cpu_times(user=1, idle=3), machine.cpu_times(user=2)]

    reading = machine.stat_reading(*seconds)
    points = graphite_points(SENSORS["CPUTimes"](options, read=lambda: reading))

    assert points["CPUTimes.user"] == 3
    assert points["CPUTimes.idle"] == 3


def test_legacy_names_are_of_declared_metrics_and_labels():
    """Each legacy name starts with the name of the sensor that declares the metric."""
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
    zeros = {zero.metric for zero in legacy_names.ZEROS if zero.metric}
    assert zeros <= legacy_names.RENAMED.keys() | legacy_names.SUMMED.keys()


def test_no_two_metrics_have_the_same_legacy_name():
    """Otherwise one would overwrite the other in Graphite."""
    names = [old.name for olds in legacy_names.RENAMED.values() for old in olds]
    names += [summed.name for summed in legacy_names.SUMMED.values()]

    assert len(set(names)) == len(names)


@pytest.mark.parametrize(
    ("metric", "labels", "expected"),
    [
        ("fructosa_memory_used_bytes", {}, "VirtualMemory.used"),
        ("fructosa_memory_used_bytes", {"x": ""}, "VirtualMemory.used"),
        ("fructosa_memory_used_bytes", {"x": "y"}, "fructosa_memory_used_bytes.x.y"),
        ("fructosa_cpu_utilization_ratio", {"cpu": "a.b"}, "CPUPercent.a#2eb"),
        ("fructosa_cpu_utilization_ratio", {}, "fructosa_cpu_utilization_ratio.#"),
        ("fructosa_cpu_utilization_ratio", {"core": "0"}, "fructosa_cpu_utilization_ratio.core.0"),
        ("CPUPercent", {"cpu": "0"}, "exported_CPUPercent.cpu.0"),
        ("exported_CPUPercent", {"cpu": "0"}, "exported_exported_CPUPercent.cpu.0"),
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
            "fructosa_cpu_seconds_total.cpu.0.x.user",
        ),
        ("fructosa_disk_reads_total", {"disk": "sda"}, "fructosa_disk_reads_total.disk.sda"),
    ],
)
def test_only_metrics_with_the_labels_of_lagent_have_legacy_names(metric, labels, expected):
    """A metric with other labels, or one whose name is a legacy name, is not from lagent."""
    assert expected == FRUCTOSA.path(metric, tuple(labels.items())).path


def test_only_series_with_the_labels_of_lagent_are_summed():
    """A metric of the same name with other labels comes from another exporter."""
    series = [
        ("fructosa_network_receive_bytes_total", (("interface", "eth0"),)),
        ("fructosa_network_receive_bytes_total", (("link", "eth1"),)),
        ("fructosa_network_receive_bytes_total", (("interface", "eth2"), ("link", "x"))),
        ("fructosa_network_receive_bytes_total", tuple((f"l{i}", "x" * 240) for i in range(20))),
        ("fructosa_network_receive_bytes_total", ()),
        ("fructosa_network_receive_bytes_total", (("interface", "ib0"),)),
    ]

    (total,) = FRUCTOSA.totals([FRUCTOSA.path(*each).path for each in series])

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
def test_a_partition_of_a_disk_on_the_page_is_not_summed(devices, expected):
    """Partitions are recognised by their names; without their disk they are summed."""
    paths = [f"fructosa_disk_reads_total.{device}" for device in devices]

    (total,) = FRUCTOSA.totals(paths)

    assert expected == [devices[at] for at in total.at]


def test_the_last_of_repeated_series_is_summed():
    """As for the path of the series itself."""
    (total,) = FRUCTOSA.totals(["fructosa_network_receive_bytes_total.eth0"] * 2)

    assert (1,) == total.at
