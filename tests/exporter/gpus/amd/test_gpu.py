"""AMD's GPUs: the values of each sensor."""

from contextlib import suppress
from types import SimpleNamespace

import pytest

from fructosa_exporter.errors import SensorUnavailable
from fructosa_exporter.gpus.all_vendors import AllVendors
from fructosa_exporter.sensors.gpu.activity import GPUActivity
from fructosa_exporter.sensors.gpu.errors import GPUErrors
from fructosa_exporter.sensors.gpu.gpu_sensor import NOTHING_SUPPORTED
from fructosa_exporter.sensors.gpu.info import GPUInfo
from fructosa_exporter.sensors.gpu.links import GPUNVLink, GPUPcie
from fructosa_exporter.sensors.gpu.power import GPUClocks, GPUFans, GPUPower, GPUTemperature
from fructosa_exporter.sensors.gpu.processes import GPUProcesses
from fructosa_exporter.sensors.gpu.usage import GPUMemory, GPUUtilization
from tests.exporter.gpus.amd.fake_amdsmi import (
    MIB,
    SILENT,
    AmdNode,
    AmdSmiLibraryException,
    Card,
    FakeAmdSmi,
)
from tests.exporter.machine import values

FIRST = ("0", "c1ff74a1-0000-1000-80d9-a3b7a8d5f6e1")


SECOND = ("1", "74ff74b5-0000-1000-8000-000000000002")


NOT_SUPPORTED = AmdSmiLibraryException(2)


# Values of the first GPU by sensor, metric and labels; the second GPU is older.
VALUES = {
    GPUUtilization: {
        ("gpu_utilization_ratio",): 0.87,
        ("gpu_memory_busy_ratio",): 0.12,
        ("gpu_engine_utilization_ratio", "video"): 0.2,
        ("gpu_engine_utilization_ratio", "jpeg"): 0.0,
    },
    GPUMemory: {
        ("gpu_memory_total_bytes",): 196592 * MIB,
        ("gpu_memory_used_bytes",): 4096 * MIB,
        ("gpu_memory_free_bytes",): 192496 * MIB,
    },
    GPUTemperature: {
        ("gpu_temperature_celsius",): 61,
        ("gpu_memory_temperature_celsius",): 54,
        ("gpu_temperature_threshold_celsius", "slowdown"): 100,
        ("gpu_temperature_threshold_celsius", "shutdown"): 105,
        ("gpu_temperature_threshold_celsius", "memory_max"): 108,
    },
    GPUPower: {
        ("gpu_power_watts",): 640,
        ("gpu_power_limit_watts",): 750,
        ("gpu_energy_joules_total",): 30_000,
    },
    GPUClocks: {
        ("gpu_clock_hertz", "graphics"): 2.1e9,
        ("gpu_clock_hertz", "memory"): 1.3e9,
        ("gpu_clock_hertz", "video"): 31e6,
        ("gpu_clock_max_hertz", "graphics"): 2.1e9,
        ("gpu_clock_max_hertz", "memory"): 1.3e9,
        ("gpu_clock_max_hertz", "video"): 1.8e9,
    },
    GPUFans: {("gpu_fan_speed_ratio", "0"): 0.2},
    GPUPcie: {
        ("gpu_pcie_replays_total",): 65535,
        ("gpu_pcie_link_generation",): 4,
        ("gpu_pcie_link_generation_max",): 5,
        ("gpu_pcie_link_lanes",): 8,
        ("gpu_pcie_link_lanes_max",): 16,
    },
    GPUErrors: {
        ("gpu_ecc_enabled",): 1,
        ("gpu_ecc_errors_total", "corrected"): 3,
        ("gpu_ecc_errors_total", "uncorrected"): 1,
        ("gpu_retired_pages", "uncorrected"): 1,
        ("gpu_retired_pages_pending",): 1,
    },
    GPUProcesses: {
        ("gpu_processes", "compute"): 2,
        ("gpu_processes_memory_bytes",): 3072 * MIB,
    },
    GPUInfo: {
        ("gpu_up",): 1,
        ("gpu_info", "AMD Instinct MI300X", "0000:c1:00.0", "AMD", "6.12.12", ""): 1,
    },
}


SENSORS = [*VALUES, GPUNVLink]


def older():
    """Return a display GPU, which has fewer values, and some under other keys."""
    card = Card(
        amdsmi_get_gpu_device_bdf="0000:03:00.0",
        amdsmi_get_gpu_device_uuid=SECOND[1],
        amdsmi_get_gpu_total_ecc_count=NOT_SUPPORTED,
    )
    card.set_metrics(
        temperature_hotspot=SILENT,
        temperature_edge=45,
        average_mm_activity=50,
        vcn_activity=[SILENT] * 4,
        jpeg_activity=[SILENT] * 32,
        current_socket_power=SILENT,
        average_socket_power=30,
        current_gfxclks=[SILENT] * 8,
        current_gfxclk=500,
        current_vclk0s=SILENT,
        ppt_residency_acc=SILENT,
        socket_thm_residency_acc=SILENT,
        prochot_residency_acc=SILENT,
        vr_thm_residency_acc=SILENT,
        throttle_status=True,
    )
    return card


@pytest.fixture
def node(tmp_path):
    """A node with two GPUs."""
    return AmdNode(tmp_path, Card(), older())


def read(node, sensor, labels=FIRST, **chosen):
    """Return the values of a GPU without the labels gpu and uuid."""
    found = values(sensor(sensor.Options(**chosen), read=AllVendors(node.driver)))
    return {
        (name, *more): value
        for (name, index, uuid, *more), value in found.items()
        if (index, uuid) == labels
    }


@pytest.mark.parametrize("sensor", VALUES, ids=lambda sensor: sensor.name)
def test_each_sensor_has_values_in_base_units(node, sensor):
    """From percent, MHz, MiB, microwatts and microjoules."""
    assert pytest.approx(VALUES[sensor]) == read(node, sensor)


def test_all_gpus_have_index_and_uuid(node):
    """Both GPUs are exposed."""
    found = values(GPUPower(read=AllVendors(node.driver)))

    expected = {("gpu_power_watts", *FIRST): 640, ("gpu_power_watts", *SECOND): 30}
    assert expected == {key: value for key, value in found.items() if "gpu_power_watts" in key}


@pytest.mark.parametrize(
    ("sensor", "expected"),
    [
        (GPUTemperature, {("gpu_temperature_celsius",): 45}),
        (GPUUtilization, {("gpu_engine_utilization_ratio", "video"): 0.5}),
        (GPUClocks, {("gpu_clock_hertz", "graphics"): 5e8}),
        (GPUClocks, {("gpu_clocks_event", "throttled"): 1}),
        (GPUPower, {("gpu_power_watts",): 30}),
    ],
)
def test_an_older_gpu_has_values_under_other_keys(node, sensor, expected):
    """No hotspot, no lists of engines and dies, average instead of current power."""
    assert expected.items() <= read(node, sensor, SECOND).items()


def test_constant_values_are_queried_once(node):
    """Limits, names and sizes are cached while the library is open."""
    sensors = [sensor(read=AllVendors(node.driver)) for sensor in VALUES]
    [values(sensor) for sensor in sensors]
    before = len(node.smi.calls)
    node.now_s += 1

    [values(sensor) for sensor in sensors]

    # For each GPU: metrics, memory, cap, energy, fan, PCIe, ECC, pages, processes.
    assert 2 * 9 + 1 == len(node.smi.calls) - before


@pytest.mark.parametrize(("code", "wait_s"), [(30, 1), (2, 60)])
def test_a_first_answer_is_not_for_ever(node, code, wait_s):
    """A GPU that was busy has all values at the next reading, what it did not support later on."""
    card = node.smi.cards[0]
    results = dict(card.results)
    kept = {name for name in results if not name.startswith("amdsmi_get_gpu_device")}
    read(node, GPUPower)  # the library is open
    card.results |= dict.fromkeys(kept, AmdSmiLibraryException(code))
    for sensor in VALUES:
        with suppress(SensorUnavailable):
            read(node, sensor)
    card.results |= results
    node.now_s += wait_s

    for sensor, expected in VALUES.items():
        assert set(expected) <= set(read(node, sensor))


def test_a_die_whose_twin_measures_its_power_has_none(node):
    """That of the MI250: one of its dies has the power and energy of both, the other zeros."""
    node.smi.cards[0].set_metrics(current_socket_power=SILENT, average_socket_power=0)
    node.smi.cards[0].results |= {
        "amdsmi_get_energy_count": {"energy_accumulator": 0, "counter_resolution": 15.3},
        "amdsmi_get_power_cap_info": {"power_cap": 0},
    }

    assert {} == read(node, GPUPower)
    assert 30 == read(node, GPUPower, SECOND)["gpu_power_watts",]


def test_memory_is_converted_from_mebibytes_if_necessary(node):
    """One call exists, the other one is not supported."""
    node.smi.cards[0].results["amdsmi_get_gpu_memory_usage"] = NOT_SUPPORTED

    assert VALUES[GPUMemory] == read(node, GPUMemory)


def test_a_gpu_without_metrics_has_the_values_of_single_calls(node):
    """As with virtual functions and old boards."""
    node.smi.cards[0].results |= {
        "amdsmi_get_gpu_metrics_info": NOT_SUPPORTED,
        "amdsmi_get_temp_metric": lambda place, metric: {(1, 0): 58}[place, metric],
        "amdsmi_get_power_info": {"current_socket_power": "N/A", "average_socket_power": 410},
    }

    assert {("gpu_temperature_celsius",): 58} == read(node, GPUTemperature)
    assert 410 == read(node, GPUPower)["gpu_power_watts",]
    assert 1 == read(node, GPUInfo)["gpu_up",]


def test_serial_numbers_are_exposed_with_the_option_serial(node):
    """That of the board."""
    assert 1 == read(node, GPUInfo, serial=True)["gpu_serial_info", "PCB0815"]


def test_nvlink_is_unavailable(node):
    """AMD's links are different."""
    with pytest.raises(SensorUnavailable, match=NOTHING_SUPPORTED):
        values(GPUNVLink(read=AllVendors(node.driver)))


def test_activity_is_unavailable_without_waiting(node):
    """A second query is only for GPUs that have begun to count."""
    sensor, waited_s = GPUActivity(read=AllVendors(node.driver)), []
    sensor.sleep = waited_s.append

    with pytest.raises(SensorUnavailable, match=NOTHING_SUPPORTED):
        values(sensor)
    assert [] == waited_s


def without_values(answer):
    """Return *answer* with "N/A" for each value; lists of metrics keep their length."""
    if not isinstance(answer, dict):
        return SILENT
    return {
        key: [SILENT] * len(value) if isinstance(value, list) else without_values(value)
        for key, value in answer.items()
    }


NOTHING = [
    *[lambda _, size=size: size for size in (0xFFFFFFFF, 2**64 - 1)],
    without_values,
    lambda _: SILENT,
    lambda _: None,
    lambda _: -1,
    lambda _: {},
    lambda _: NOT_SUPPORTED,
    lambda _: AmdSmiLibraryException(10),
    lambda _: AmdSmiLibraryException(30),
]


@pytest.mark.parametrize("answer", NOTHING)
@pytest.mark.parametrize("sensor", SENSORS, ids=lambda sensor: sensor.name)
def test_missing_values_have_no_samples(tmp_path, sensor, answer):
    """A sentinel, "N/A", missing permission or a busy GPU is neither zero nor a failure."""
    card = Card()
    names = {name for name in card.results if name.startswith("amdsmi_get_gpu_device")}
    card.results |= {name: answer(card.results[name]) for name in card.results if name not in names}
    node = AmdNode(tmp_path, card)

    try:
        found = read(node, sensor)
    except SensorUnavailable:
        found = {}

    allowed = {("gpu_up",): 1, ("gpu_info", "", "0000:c1:00.0", "AMD", "", ""): 1}
    assert found.items() <= allowed.items()


def test_functions_that_a_version_lacks_have_no_samples(tmp_path):
    """6.x lacks some of 7.x."""
    needed = ("AmdSmiException", "AmdSmiLibraryException", "amdsmi_init", "amdsmi_shut_down")
    found = ("amdsmi_get_processor_handles", "amdsmi_get_gpu_device_bdf")
    smi = FakeAmdSmi(Card())
    old = SimpleNamespace(**{name: getattr(smi, name) for name in needed + found})
    node = AmdNode(tmp_path, *smi.cards, load=lambda: old)

    expected = {("gpu_up",): 1, ("gpu_info", "", "0000:c1:00.0", "AMD", "", ""): 1}
    assert expected == read(node, GPUInfo, ("0", "0000:c1:00.0"))
    for sensor in set(SENSORS) - {GPUInfo}:
        with pytest.raises(SensorUnavailable, match=NOTHING_SUPPORTED):
            read(node, sensor)
