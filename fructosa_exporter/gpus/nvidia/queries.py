"""The queries to NVML: functions, field numbers, and their quantities."""

from fructosa_exporter.gpus.units import celsius, hertz, number_32, number_64, ratio, scaled, watts

from .fields import FieldQuery
from .numbers import NumberQuery

# Each function returns the utilization and the sample period.
ENGINES = [
    NumberQuery(("engine", engine), f"nvmlDeviceGet{name}Utilization", lambda pair: ratio(pair[0]))
    for engine, name in (
        ("encoder", "Encoder"),
        ("decoder", "Decoder"),
        ("jpeg", "Jpg"),
        ("ofa", "Ofa"),
    )
]
# The number in the name of the device file.
MINOR = NumberQuery(("minor",), "nvmlDeviceGetMinorNumber", number_32)
ENERGY = NumberQuery(
    ("energy",), "nvmlDeviceGetTotalEnergyConsumption", lambda mj: scaled(number_64(mj), 1e-3)
)
POWER = [
    # A GPU that responds draws power; 0 is that of a GPU without a sensor.
    NumberQuery(("draw",), "nvmlDeviceGetPowerUsage", lambda mw: watts(mw) or None),
    NumberQuery(("limit",), "nvmlDeviceGetEnforcedPowerLimit", watts),
    ENERGY,
]
_CLOCK_NAMES = ("graphics", "sm", "memory", "video")  # NVML_CLOCK_*, from 0 on
CLOCKS = [
    NumberQuery(("clock", name), "nvmlDeviceGetClockInfo", hertz, (clock,))
    for clock, name in enumerate(_CLOCK_NAMES)
]
# 32 is "unknown".
STATE = NumberQuery(
    ("state",), "nvmlDeviceGetPerformanceState", lambda state: state if state < 16 else None
)
FASTEST = [
    NumberQuery(("fastest", name), "nvmlDeviceGetMaxClockInfo", hertz, (clock,))
    for clock, name in enumerate(_CLOCK_NAMES)
]
# NVML_TEMPERATURE_THRESHOLD_*, from 0 on
THRESHOLDS = [
    NumberQuery(("threshold", name), "nvmlDeviceGetTemperatureThreshold", celsius, (kind,))
    for kind, name in enumerate(("shutdown", "slowdown", "memory_max", "gpu_max"))
]
EVENTS = {  # nvmlClocksEventReason*
    ("event", "gpu_idle"): 0x1,
    ("event", "applications_clocks"): 0x2,
    ("event", "sw_power_cap"): 0x4,
    ("event", "hw_slowdown"): 0x8,
    ("event", "sync_boost"): 0x10,
    ("event", "sw_thermal"): 0x20,
    ("event", "hw_thermal"): 0x40,
    ("event", "hw_power_brake"): 0x80,
    ("event", "display_clocks"): 0x100,
    ("event", "board_limit"): 0x200,
    ("event", "reliability"): 0x400,
}
OLD_EVENTS = 0x1FF  # the events of a GPU that does not report which it supports
# The first will be removed with CUDA 14, and older drivers don't have the second.
TEMPERATURE = ("nvmlDeviceGetTemperature", "nvmlDeviceGetTemperatureV")
# The second names are those of drivers before 535.
CURRENT_EVENTS, SUPPORTED_EVENTS = (
    (f"nvmlDeviceGet{which}ClocksEventReasons", f"nvmlDeviceGet{which}ClocksThrottleReasons")
    for which in ("Current", "Supported")
)


def _positive(value: int | None) -> int | None:
    return number_32(value) or None


LINK = [
    NumberQuery(("generation",), "nvmlDeviceGetCurrPcieLinkGeneration", _positive),
    NumberQuery(("lanes",), "nvmlDeviceGetCurrPcieLinkWidth", _positive),
]
BEST_LINK = [
    NumberQuery(("generation_max",), "nvmlDeviceGetMaxPcieLinkGeneration", _positive),
    NumberQuery(("lanes_max",), "nvmlDeviceGetMaxPcieLinkWidth", _positive),
]
# NVML_PCIE_UTIL_*; in KB/s
LINK_RATES = [
    NumberQuery(
        (f"{way}_rate",),
        "nvmlDeviceGetPcieThroughput",
        lambda kilobytes: scaled(number_32(kilobytes), 1000),
        (counter,),
    )
    for counter, way in enumerate(("transmit", "receive"))
]
# NVML_FI_DEV_* without a scope, or with scope 0.
MEMORY_C = [FieldQuery(82, 0, ("memory",))]
LINK_COUNT = [FieldQuery(91, 0, ("count",))]
PCIE = [
    FieldQuery(197, 0, ("transmit",)),
    FieldQuery(198, 0, ("receive",)),
    FieldQuery(94, 0, ("replays",)),
]
_THROTTLED_FIELDS = {  # nanoseconds
    "power": 74,
    "thermal": 75,
    "sync_boost": 76,
    "board_limit": 77,
    "reliability": 79,
    "sw_thermal": 269,
    "hw_thermal": 270,
    "hw_power_brake": 271,
}
THROTTLED = [
    FieldQuery(field, 0, ("throttled", name), 1e-9) for name, field in _THROTTLED_FIELDS.items()
]
_FAULT_FIELDS = {
    ("ecc", "corrected"): 3,
    ("ecc", "uncorrected"): 4,
    ("ecc_lifetime", "corrected"): 5,
    ("ecc_lifetime", "uncorrected"): 6,
    ("retired_pages", "corrected"): 29,
    ("retired_pages", "uncorrected"): 30,
    ("retired_pages_pending",): 31,
    ("remapped_rows", "corrected"): 142,
    ("remapped_rows", "uncorrected"): 143,
    ("remapped_rows_pending",): 144,
    ("remapped_rows_failed",): 145,
    ("recovery_action",): 230,
}
FAULTS = [FieldQuery(field, 0, quantity) for quantity, field in _FAULT_FIELDS.items()]
# Newer and older names: pynvml's functions without a version fail if the driver is older.
PROCESSES = {
    kind: tuple(f"nvmlDeviceGet{name}RunningProcesses_v{version}" for version in (3, 2))
    for kind, name in (("compute", "Compute"), ("graphics", "Graphics"))
}
