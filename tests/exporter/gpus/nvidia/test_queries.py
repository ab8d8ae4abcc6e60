"""Constants are equal to those of NVIDIA's pynvml."""

import re
from pathlib import Path

import pynvml
import pytest

from fructosa_exporter.gpus.nvidia import calls, gpm, nvlink, queries
from fructosa_exporter.gpus.nvidia.fields import FieldQuery

FIELDS = {
    ("memory",): "MEMORY_TEMP",
    ("count",): "NVLINK_LINK_COUNT",
    ("transmit",): "PCIE_COUNT_TX_BYTES",
    ("receive",): "PCIE_COUNT_RX_BYTES",
    ("replays",): "PCIE_REPLAY_COUNTER",
    ("throttled", "power"): "PERF_POLICY_POWER",
    ("throttled", "thermal"): "PERF_POLICY_THERMAL",
    ("throttled", "sync_boost"): "PERF_POLICY_SYNC_BOOST",
    ("throttled", "board_limit"): "PERF_POLICY_BOARD_LIMIT",
    ("throttled", "reliability"): "PERF_POLICY_RELIABILITY",
    ("throttled", "sw_thermal"): "CLOCKS_EVENT_REASON_SW_THERM_SLOWDOWN",
    ("throttled", "hw_thermal"): "CLOCKS_EVENT_REASON_HW_THERM_SLOWDOWN",
    ("throttled", "hw_power_brake"): "CLOCKS_EVENT_REASON_HW_POWER_BRAKE_SLOWDOWN",
    ("ecc", "corrected"): "ECC_SBE_VOL_TOTAL",
    ("ecc", "uncorrected"): "ECC_DBE_VOL_TOTAL",
    ("ecc_lifetime", "corrected"): "ECC_SBE_AGG_TOTAL",
    ("ecc_lifetime", "uncorrected"): "ECC_DBE_AGG_TOTAL",
    ("retired_pages", "corrected"): "RETIRED_SBE",
    ("retired_pages", "uncorrected"): "RETIRED_DBE",
    ("retired_pages_pending",): "RETIRED_PENDING",
    ("remapped_rows", "corrected"): "REMAPPED_COR",
    ("remapped_rows", "uncorrected"): "REMAPPED_UNC",
    ("remapped_rows_pending",): "REMAPPED_PENDING",
    ("remapped_rows_failed",): "REMAPPED_FAILURE",
    ("recovery_action",): "GET_GPU_RECOVERY_ACTION",
}
# Fields of a link in the order of the queries; some quantities have another one since Blackwell.
LINK_FIELDS = [
    (("up",), "GET_STATE"),
    (("transmit",), "COUNT_XMIT_BYTES"),
    (("receive",), "COUNT_RCV_BYTES"),
    (("transmit",), "THROUGHPUT_DATA_TX"),
    (("receive",), "THROUGHPUT_DATA_RX"),
    (("errors", "replay"), "ERROR_DL_REPLAY"),
    (("errors", "recovery"), "ERROR_DL_RECOVERY"),
    (("errors", "crc"), "ERROR_DL_CRC"),
    (("errors", "receive"), "COUNT_RCV_ERRORS"),
    (("errors", "recovery_failed"), "COUNT_LINK_RECOVERY_FAILED_EVENTS"),
    (("errors", "recovery"), "COUNT_LINK_RECOVERY_EVENTS"),
    (("errors", "symbol"), "COUNT_SYMBOL_ERRORS"),
]
METRICS = {
    ("graphics",): "GRAPHICS_UTIL",
    ("sm",): "SM_UTIL",
    ("warps",): "SM_OCCUPANCY",
    ("bandwidth",): "DRAM_BW_UTIL",
    ("pipe", "tensor"): "ANY_TENSOR_UTIL",
    ("pipe", "fp64"): "FP64_UTIL",
    ("pipe", "fp32"): "FP32_UTIL",
    ("pipe", "fp16"): "FP16_UTIL",
    ("pipe", "integer"): "INTEGER_UTIL",
}
EVENTS = {
    "gpu_idle": "GpuIdle",
    "applications_clocks": "ApplicationsClocksSetting",
    "sw_power_cap": "SwPowerCap",
    "hw_slowdown": "HwSlowdown",
    "sync_boost": "SyncBoost",
    "sw_thermal": "SwThermalSlowdown",
    "hw_thermal": "HwThermalSlowdown",
    "hw_power_brake": "HwPowerBrakeSlowdown",
    "display_clocks": "DisplayClockSetting",
    "board_limit": "BoardLimit",
    "reliability": "Reliability",
}
CLOCKS = {"graphics": "GRAPHICS", "sm": "SM", "memory": "MEM", "video": "VIDEO"}
THRESHOLDS = {
    "shutdown": "SHUTDOWN",
    "slowdown": "SLOWDOWN",
    "memory_max": "MEM_MAX",
    "gpu_max": "GPU_MAX",
}
ERRORS = {
    "UNINITIALIZED": "UNINITIALIZED",
    "NOT_LOADED": "DRIVER_NOT_LOADED",
    "TIMEOUT": "TIMEOUT",
    "LIBRARY_NOT_FOUND": "LIBRARY_NOT_FOUND",
    "IRQ_ISSUE": "IRQ_ISSUE",
    "LOST": "GPU_IS_LOST",
    "RESET_REQUIRED": "RESET_REQUIRED",
    "OPERATING_SYSTEM": "OPERATING_SYSTEM",
    "MISMATCH": "LIB_RM_VERSION_MISMATCH",
    "UNKNOWN": "UNKNOWN",
}


def nvidia_constants(begin, names):
    """Return NVIDIA's constants of *names* with the prefix *begin*."""
    return {key: getattr(pynvml, f"{begin}{name}") for key, name in names.items()}


def field_queries(module):
    """Return all field queries among the constants of a module."""
    lists = [value for value in vars(module).values() if isinstance(value, list)]
    return [one for found in lists for one in found if isinstance(one, FieldQuery)]


def arguments(numbers):
    """Return the last argument of each query that has arguments."""
    return {one.quantity[1]: one.arguments[0] for one in numbers if one.arguments}


def test_fields_have_nvidias_numbers():
    """A wrong one would silently return another value."""
    found = {one.quantity: one.field for one in field_queries(queries)}

    assert nvidia_constants("NVML_FI_DEV_", FIELDS) == found


def test_fields_of_links_have_nvidias_numbers():
    """In order: the first that a GPU has is used."""
    found = nvlink.link_queries([0])

    expected = [
        ((name, "0", *more), getattr(pynvml, f"NVML_FI_DEV_NVLINK_{nvidia}"))
        for (name, *more), nvidia in LINK_FIELDS
    ]
    assert expected == [(one.quantity, one.field) for one in found]
    assert {pynvml.NVML_NVLINK_STATE_ACTIVE} == {one.active for one in found} - {None}


def test_metrics_of_gpm_have_nvidias_numbers():
    """Those that are queried."""
    assert nvidia_constants("NVML_GPM_METRIC_", METRICS) == gpm._METRICS


def test_clock_events_have_nvidias_bits():
    """By their older names, which nvidia-ml-py has for all of them."""
    found = {name: bit for (_, name), bit in queries.EVENTS.items()}

    assert nvidia_constants("nvmlClocksThrottleReason", EVENTS) == found


@pytest.mark.parametrize(
    ("numbers", "begin", "names"),
    [
        (queries.CLOCKS, "NVML_CLOCK_", CLOCKS),
        (queries.FASTEST, "NVML_CLOCK_", CLOCKS),
        (queries.THRESHOLDS, "NVML_TEMPERATURE_THRESHOLD_", THRESHOLDS),
    ],
)
def test_enumerations_have_nvidias_numbers(numbers, begin, names):
    """They begin at zero."""
    assert nvidia_constants(begin, names) == arguments(numbers)


def test_rates_of_pcie_have_the_right_direction():
    """The GPU sends on TX."""
    found = {one.quantity[0]: one.arguments[0] for one in queries.LINK_RATES}

    names = {"transmit_rate": "TX_BYTES", "receive_rate": "RX_BYTES"}
    assert nvidia_constants("NVML_PCIE_UTIL_", names) == found


def test_errors_have_nvidias_numbers():
    """They determine whether a GPU or the driver is lost."""
    assert nvidia_constants("NVML_ERROR_", ERRORS) == {name: vars(calls)[name] for name in ERRORS}


def test_functions_exist_in_pynvml():
    """A misspelled one would look like an unsupported one."""
    lists = [value for value in vars(queries).values() if isinstance(value, list)]
    names = {one.function for found in lists for one in found if hasattr(one, "function")}
    for found in (queries.CURRENT_EVENTS, queries.SUPPORTED_EVENTS):
        names |= {*found}
    names |= {name for found in queries.PROCESSES.values() for name in found}
    for file in Path(queries.__file__).parent.glob("*.py"):
        names |= {*re.findall(r'"(nvml\w+)"', file.read_text())}

    assert len(names) > 40
    assert [] == [name for name in names if not hasattr(pynvml, name)]
