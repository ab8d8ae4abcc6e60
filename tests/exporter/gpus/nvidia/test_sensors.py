"""What sensors tell of eight GPUs is what the driver says, in base units."""

import pytest

from tests.nvml.driver import GPU, Growing, Process, eight_hoppers

from ..node import GPU_SENSORS

KIB, MIB, GIB = 2**10, 2**20, 2**30
EIGHT = range(8)


def said(gpu: GPU, function, place=0):
    """Return the number that a function of the driver answers."""
    value = gpu.answers[f"nvmlDeviceGet{function}", place]
    return value.value if isinstance(value, Growing) else value


def field(gpu: GPU, number, scope=0):
    """Return the number that a field has."""
    value = gpu.fields[number, scope]
    return value.value if isinstance(value, Growing) else value


def utilization(gpu):
    """What GPUUtilization is to tell."""
    engines = {"encoder": "Encoder", "decoder": "Decoder", "jpeg": "Jpg", "ofa": "Ofa"}
    return {
        ("utilization_ratio",): said(gpu, "UtilizationRates") / 100,
        ("memory_busy_ratio",): said(gpu, "UtilizationRates", 1) / 100,
    } | {
        ("engine_utilization_ratio", engine): said(gpu, f"{word}Utilization") / 100
        for engine, word in engines.items()
    }


def memory(gpu):
    """What GPUMemory is to tell."""
    total, used, reserved = (said(gpu, "MemoryInfo", place) for place in range(3))
    return {
        ("memory_total_bytes",): total,
        ("memory_used_bytes",): used,
        ("memory_reserved_bytes",): reserved,
        ("memory_free_bytes",): total - used - reserved,
        ("bar1_total_bytes",): said(gpu, "BAR1MemoryInfo"),
        ("bar1_used_bytes",): said(gpu, "BAR1MemoryInfo", 1),
    }


def temperature(gpu):
    """What GPUTemperature is to tell."""
    return {
        ("temperature_celsius",): said(gpu, "Temperature"),
        ("memory_temperature_celsius",): field(gpu, 82),
        ("temperature_margin_celsius",): said(gpu, "MarginTemperature"),
    } | {
        ("temperature_threshold_celsius", name): said(gpu, "TemperatureThreshold", place)
        for place, name in enumerate(("shutdown", "slowdown", "memory_max", "gpu_max"))
    }


def power(gpu):
    """What GPUPower is to tell."""
    return {
        ("power_watts",): said(gpu, "PowerUsage") / 1000,
        ("power_limit_watts",): said(gpu, "EnforcedPowerLimit") / 1000,
        ("energy_joules_total",): pytest.approx(said(gpu, "TotalEnergyConsumption") / 1000),
    }


def clocks(gpu):
    """What GPUClocks is to tell."""
    found = {("performance_state",): said(gpu, "PerformanceState")}
    for place, name in enumerate(("graphics", "sm", "memory", "video")):
        found["clock_hertz", name] = said(gpu, "ClockInfo", place) * 1e6
        found["clock_max_hertz", name] = said(gpu, "MaxClockInfo", place) * 1e6
    reasons = "gpu_idle applications_clocks sw_power_cap hw_slowdown sync_boost sw_thermal "
    reasons += "hw_thermal hw_power_brake display_clocks"
    for bit, name in enumerate(reasons.split()):
        found["clocks_event", name] = said(gpu, "CurrentClocksEventReasons") >> bit & 1
    held = {"power": 74, "thermal": 75, "sync_boost": 76, "board_limit": 77, "reliability": 79}
    held |= {"sw_thermal": 269, "hw_thermal": 270, "hw_power_brake": 271}
    for name, number in held.items():
        found["throttled_seconds_total", name] = pytest.approx(field(gpu, number) / 1e9)
    return found


def pcie(gpu):
    """What GPUPcie is to tell."""
    return {
        ("pcie_replays_total",): field(gpu, 94),
        ("pcie_link_generation",): said(gpu, "CurrPcieLinkGeneration"),
        ("pcie_link_generation_max",): 4,
        ("pcie_link_lanes",): said(gpu, "CurrPcieLinkWidth"),
        ("pcie_link_lanes_max",): 16,
    }


def nvlink(gpu):
    """What GPUNVLink is to tell."""
    found = {}
    for link in range(field(gpu, 91)):
        name = str(link)
        found["nvlink_up", name] = field(gpu, 165, link)
        found["nvlink_transmit_bytes_total", name] = field(gpu, 138, link) * KIB
        found["nvlink_receive_bytes_total", name] = field(gpu, 139, link) * KIB
        for error, number in (("replay", 161), ("recovery", 162), ("crc", 163)):
            found["nvlink_errors_total", name, error] = field(gpu, number, link)
    return found


def errors(gpu):
    """What GPUErrors is to tell."""
    return {
        ("ecc_enabled",): 1,
        ("ecc_errors_total", "corrected"): field(gpu, 3),
        ("ecc_errors_total", "uncorrected"): field(gpu, 4),
        ("ecc_lifetime_errors_total", "corrected"): field(gpu, 5),
        ("ecc_lifetime_errors_total", "uncorrected"): field(gpu, 6),
        ("retired_pages", "corrected"): field(gpu, 29),
        ("retired_pages", "uncorrected"): field(gpu, 30),
        ("retired_pages_pending",): field(gpu, 31),
        ("remapped_rows", "corrected"): field(gpu, 142),
        ("remapped_rows", "uncorrected"): field(gpu, 143),
        ("remapped_rows_pending",): field(gpu, 144),
        ("remapped_rows_failed",): field(gpu, 145),
        ("recovery_action",): field(gpu, 230),
        ("xids_total",): 0,
    }


def processes(gpu):
    """What GPUProcesses is to tell."""
    return {
        ("processes", "compute"): len(gpu.computing),
        ("processes", "graphics"): len(gpu.drawing),
        ("processes_memory_bytes",): sum(process.used_bytes for process in gpu.computing),
    }


def info(gpu):
    """What GPUInfo is to tell."""
    return {
        ("up",): 1,
        ("info", gpu.name, gpu.bus_id, "NVIDIA", "550.54.15", "12.4"): 1,
        ("mig_enabled",): 0,
    }


TOLD = {
    "GPUUtilization": utilization,
    "GPUMemory": memory,
    "GPUTemperature": temperature,
    "GPUPower": power,
    "GPUClocks": clocks,
    "GPUPcie": pcie,
    "GPUNVLink": nvlink,
    "GPUErrors": errors,
    "GPUProcesses": processes,
    "GPUInfo": info,
}


def all_told(node, name):
    """Return what a sensor is to tell of all GPUs."""
    return {
        (quantity[0], str(index), gpu.uuid, *quantity[1:]): value
        for index, gpu in enumerate(node.gpus)
        for quantity, value in TOLD[name](gpu).items()
    }


@pytest.mark.parametrize("name", TOLD)
def test_all_that_a_sensor_tells_is_what_the_driver_says(node, name):
    """Each sample of each GPU; and none besides. So it is however often they are read.

    Of field values what is not supported is asked once; then the same array is used again, and
    some drivers add to what they find in it.
    """
    expected = all_told(node, name)

    for _ in range(4):
        assert expected == node.values(name)


@pytest.mark.parametrize("most", [143, 12])
def test_a_driver_that_takes_few_fields_at_once_is_asked_link_by_link(node, most):
    """None is known; it would look like one without NVLink. There are twelve links of twelve."""
    for gpu in node.gpus:
        gpu.most_fields = most
    node.says()
    expected = all_told(node, "GPUNVLink")

    for _ in range(4):
        assert expected == node.values("GPUNVLink")


def test_no_sensor_is_forgotten_here():
    """All are compared; what these GPUs don't have has tests of its own: fans, and GPM."""
    assert {*TOLD, "GPUFans", "GPUActivity"} == set(GPU_SENSORS)


def test_a_card_with_fans_tells_each(node):
    """A speed may be above what is meant for the fan, by NVML's own documentation."""
    answers = node.gpus[2].answers
    answers["nvmlDeviceGetNumFans", 0] = 2
    answers["nvmlDeviceGetFanSpeed_v2", 0], answers["nvmlDeviceGetFanSpeed_v2", 1] = 37, 104
    node.says()

    expected = {("fan_speed_ratio", "0"): 0.37, ("fan_speed_ratio", "1"): 1.04}
    assert expected == node.of(2, "GPUFans")


def test_hopper_counts_bytes_on_pcie(node):
    """And tells them from driver 560 on."""
    node.gpus[1].fields |= {(197, 0): 12_345, (198, 0): 54_321}
    node.says()

    told = node.of(1, "GPUPcie")

    assert 12_345 == told["pcie_transmit_bytes_total",]
    assert 54_321 == told["pcie_receive_bytes_total",]


def test_rates_of_pcie_are_measured_on_request_only(node):
    """As the driver takes its time for them."""
    told = node.of(3, "GPUPcie", rates=True)

    assert 1_003_000 == told["pcie_transmit_bytes_per_second",]
    assert 2_003_000 == told["pcie_receive_bytes_per_second",]
    before = node.calls("nvmlDeviceGetPcieThroughput")
    node.of(3, "GPUPcie")
    assert before == node.calls("nvmlDeviceGetPcieThroughput")


def test_a_serial_number_is_told_on_request_only(node):
    """It identifies the machine's owner."""
    series = ("serial_info", node.gpus[4].serial)

    assert 1 == node.of(4, "GPUInfo", serial=True)[series]
    assert series not in node.of(4, "GPUInfo")


def test_processes_are_told_on_request_only(node):
    """By number and command; one that is gone by now has no command."""
    process = Process(2**22, 3 * GIB)  # just above the largest number that Linux gives
    node.gpus[5].computing = [process]
    node.says()

    series = ("process_memory_bytes", str(process.pid), "")
    assert 3 * GIB == node.of(5, "GPUProcesses", each=True)[series]
    assert series not in node.of(5, "GPUProcesses")


def test_a_process_that_computes_and_draws_has_its_memory_once(node):
    """It is in both lists."""
    both = Process(77, GIB)
    node.gpus[0].computing, node.gpus[0].drawing = [both, Process(78, MIB)], [both]
    node.says()

    expected = {
        ("processes", "compute"): 2,
        ("processes", "graphics"): 1,
        ("processes_memory_bytes",): GIB + MIB,
    }
    assert expected == node.of(0, "GPUProcesses")


@pytest.mark.parametrize("pid", [0, 2**22 + 1, 2**32 - 1])
def test_of_processes_that_can_not_be_right_only_their_number_is_told(node, pid):
    """So they look when a driver writes them longer than pynvml reads them; the first is right."""
    node.gpus[0].computing = [Process(77, GIB), Process(pid, 2**40)]
    node.says()

    expected = {("processes", "compute"): 2, ("processes", "graphics"): 0}
    assert expected == node.of(0, "GPUProcesses", each=True)


def test_handles_are_kept(node):
    """A library that works is opened once, however often it is asked."""
    node.gpus[:] = eight_hoppers()
    node.says()
    node.up()
    functions = ["nvmlInitWithFlags", "nvmlDeviceGetHandleByIndex_v2", "nvmlDeviceGetName"]
    before = [node.calls(function) for function in functions]

    for name in GPU_SENSORS:
        if name != "GPUFans":
            node.later()
            node.values(name)

    assert before == [node.calls(function) for function in functions]


def test_counters_grow(node):
    """With the time since the driver was made."""
    first = node.of(0, "GPUPower")["energy_joules_total",]
    node.says(grows=True, began_s=node.driver.began_s - 100)

    second = node.of(0, "GPUPower")["energy_joules_total",]

    assert second - first >= 100 * 300
