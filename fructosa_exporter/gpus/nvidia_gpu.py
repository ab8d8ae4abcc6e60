"""One GPU of NVIDIA: what NVML tells of each subject, in base units."""

from collections.abc import Sequence
from functools import cached_property, lru_cache
from typing import Any

from .answers import (
    BLANK_32,
    Process,
    Quantities,
    Told,
    celsius,
    hertz,
    number,
    scaled,
    share,
    small,
    told,
    watts,
)
from .nvidia_activity import Activity
from .nvidia_calls import asked, check
from .nvidia_events import Events
from .nvidia_fields import Fields, Question
from .nvidia_links import questions
from .nvidia_mig import Instance, instances
from .nvidia_numbers import Number, Numbers

_RATES: Quantities = (("busy",), ("memory",))
# Engines of their own beside the one that computes: what each did, and of which time.
_ENGINES = [
    Number(("engine", engine), f"nvmlDeviceGet{name}Utilization", lambda pair: share(pair[0]))
    for engine, name in (
        ("encoder", "Encoder"),
        ("decoder", "Decoder"),
        ("jpeg", "Jpg"),
        ("ofa", "Ofa"),
    )
]
_SIZES: Quantities = (("total",), ("used",), ("free",), ("reserved",))
_BAR1: Quantities = (("bar1_total",), ("bar1_used",))
_TEMPERATURES: Quantities = (("gpu",), ("memory",), ("margin",))
_POWER = [
    Number(("draw",), "nvmlDeviceGetPowerUsage", watts),
    Number(("limit",), "nvmlDeviceGetEnforcedPowerLimit", watts),
    Number(("energy",), "nvmlDeviceGetTotalEnergyConsumption", lambda mj: scaled(number(mj), 1e-3)),
]
_CLOCK_NAMES = ("graphics", "sm", "memory", "video")  # NVML_CLOCK_*, from 0 on
_CLOCKS = [
    *(
        Number(("clock", name), "nvmlDeviceGetClockInfo", hertz, (clock,))
        for clock, name in enumerate(_CLOCK_NAMES)
    ),
    # 32 is "unknown".
    Number(
        ("state",), "nvmlDeviceGetPerformanceState", lambda state: state if state < 16 else None
    ),
]
_FASTEST = [
    Number(("fastest", name), "nvmlDeviceGetMaxClockInfo", hertz, (clock,))
    for clock, name in enumerate(_CLOCK_NAMES)
]
# NVML_TEMPERATURE_THRESHOLD_*, from 0 on
_THRESHOLDS = [
    Number(("threshold", name), "nvmlDeviceGetTemperatureThreshold", celsius, (kind,))
    for kind, name in enumerate(("shutdown", "slowdown", "memory_max", "gpu_max"))
]
_EVENTS = {  # nvmlClocksEventReason*
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
_OLD_EVENTS = 0x1FF  # what all GPUs tell that don't say what they can tell
# The first is to go with CUDA 14, and older drivers don't have the second.
_TEMPERATURE = ("nvmlDeviceGetTemperature", "nvmlDeviceGetTemperatureV")
# Drivers before 535 call them otherwise.
_CURRENT_EVENTS, _SUPPORTED_EVENTS = (
    (f"nvmlDeviceGet{which}ClocksEventReasons", f"nvmlDeviceGet{which}ClocksThrottleReasons")
    for which in ("Current", "Supported")
)


def _positive(value: int | None) -> int | None:
    return small(value) or None


_LINK = [
    Number(("generation",), "nvmlDeviceGetCurrPcieLinkGeneration", _positive),
    Number(("lanes",), "nvmlDeviceGetCurrPcieLinkWidth", _positive),
]
_BEST_LINK = [
    Number(("generation_max",), "nvmlDeviceGetMaxPcieLinkGeneration", _positive),
    Number(("lanes_max",), "nvmlDeviceGetMaxPcieLinkWidth", _positive),
]
# NVML_PCIE_UTIL_*; in KB/s
_LINK_RATES = [
    Number(
        (f"{way}_rate",),
        "nvmlDeviceGetPcieThroughput",
        lambda kilobytes: scaled(small(kilobytes), 1000),
        (counter,),
    )
    for counter, way in enumerate(("transmit", "receive"))
]
# NVML_FI_DEV_*, each a value of its own, or of a scope 0.
_MEMORY_C = [Question(82, 0, ("memory",))]
_LINK_COUNT = [Question(91, 0, ("count",))]
_PCIE = [
    Question(197, 0, ("transmit",)),
    Question(198, 0, ("receive",)),
    Question(94, 0, ("replays",)),
]
_HELD_FIELDS = {  # nanoseconds in which clocks were held back
    "power": 74,
    "thermal": 75,
    "sync_boost": 76,
    "board_limit": 77,
    "reliability": 79,
    "sw_thermal": 269,
    "hw_thermal": 270,
    "hw_power_brake": 271,
}
_HELD = [Question(field, 0, ("held", name), 1e-9) for name, field in _HELD_FIELDS.items()]
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
_FAULTS = [Question(field, 0, quantity) for quantity, field in _FAULT_FIELDS.items()]
# Newer and older names: pynvml refuses the plain ones where the driver is older than itself.
_PROCESSES = {
    kind: tuple(f"nvmlDeviceGet{name}RunningProcesses_v{version}" for version in (3, 2))
    for kind, name in (("compute", "Compute"), ("graphics", "Graphics"))
}
_MOST_LINKS = 64
_FASTEST_FAN = 200  # nvml.h: the speed may be above 100 % of what the fan's noise should allow


class NvidiaGPU:
    """A GPU by its handle, which stays valid until NVML is closed.

    Each method answers one subject. Raises: GPULost, DriverError.
    """

    def __init__(self, nvml: Any, handle: Any, index: str, uuid: str, events: Events) -> None:
        self.index, self.uuid = index, uuid
        self._nvml, self._handle, self._events = nvml, handle, events
        self._is_watched = False
        self._engines, self._power = self._numbers(_ENGINES), self._numbers(_POWER)
        self._clocks, self._link = self._numbers(_CLOCKS), self._numbers(_LINK)
        self._memory_c, self._held = self._fields(_MEMORY_C), self._fields(_HELD)
        self._pcie, self._faults = self._fields(_PCIE), self._fields(_FAULTS)
        self._activity = Activity(nvml, handle)

    def check(self) -> None:
        """Ask for something that each GPU tells."""
        check(self._nvml, self._handle)

    def utilization(self) -> list[Told]:
        """Return ("busy",), ("memory",) and ("engine", NAME): shares of the last sample period."""
        rates = self._ask("nvmlDeviceGetUtilizationRates")
        engines = self._engines.told()
        if rates is None:
            return [engines]
        return [told(_RATES, (share(rates.gpu), share(rates.memory))), engines]

    def activity(self) -> list[Told]:
        """Return shares of the time since the last call in which parts of the GPU worked.

        A part is empty that was not asked for before.
        """
        return self._activity.told(self._instances()) if self._activity.is_there else []

    def memory(self) -> list[Told]:
        """Return sizes in bytes, of MIG's instances too."""
        found = []
        if memory := self._memory(self._handle):
            found.append(told(_SIZES, [number(getattr(memory, size, None)) for (size,) in _SIZES]))
        if bar1 := self._ask("nvmlDeviceGetBAR1MemoryInfo"):
            found.append(told(_BAR1, (number(bar1.bar1Total), number(bar1.bar1Used))))
        for instance in self._instances():
            if memory := self._memory(instance.handle):
                sizes = ("total", "used", "free")
                quantities = tuple((f"mig_{size}", *instance.ids) for size in sizes)
                found.append(told(quantities, [number(getattr(memory, size)) for size in sizes]))
        return found

    def temperature(self) -> list[Told]:
        """Return degrees Celsius: ("gpu",), ("memory",), ("threshold", NAME), ("margin",)."""
        memory_c = next(iter(self._memory_c.told()[1]), None)
        found = (
            celsius(self._ask_any(_TEMPERATURE, 0)),
            celsius(memory_c or None),  # 0 where nothing measures it
            celsius(self._ask("nvmlDeviceGetMarginTemperature")),
        )
        return [told(_TEMPERATURES, found), self._thresholds]

    def power(self) -> list[Told]:
        """Return watts, and joules since the driver was loaded."""
        return [self._power.told()]

    def clocks(self) -> list[Told]:
        """Return hertz, why clocks are held back and for how many seconds, and the P-state."""
        found = [self._clocks.told(), self._fastest]
        bits = number(self._ask_any(_CURRENT_EVENTS))
        if bits is not None:
            found.append(_events(bits, self._supported_events | bits))
        return [*found, self._held.told()]

    def fans(self) -> list[Told]:
        """Return shares of the highest speed by fan."""
        count = min(self._ask("nvmlDeviceGetNumFans") or 0, 16)
        speeds = [
            share(self._ask("nvmlDeviceGetFanSpeed_v2", fan), _FASTEST_FAN) for fan in range(count)
        ]
        return [told(tuple(("speed", str(fan)) for fan in range(count)), speeds)]

    def pcie(self, is_sampled: bool = False) -> list[Told]:
        """Return bytes, replays, generation and lanes; *is_sampled* measures rates for 40 ms."""
        rates = [self._numbers(_LINK_RATES).told()] if is_sampled else []
        return [self._pcie.told(), self._link.told(), self._best_link, *rates]

    def nvlink(self) -> list[Told]:
        """Return state, bytes and errors by link."""
        return [self._links.told()] if self._links else []

    def errors(self) -> list[Told]:
        """Return counts of ECC errors, retired pages and remapped rows, and what is pending.

        From the first time on NVML keeps its Xids.
        """
        self._watch()
        mode = self._ask("nvmlDeviceGetEccMode")
        return [self._faults.told(), *_switch("ecc_enabled", mode)]

    def processes(self) -> dict[str, list[Process]]:
        """Return the processes that use the GPU, by kind: "compute", "graphics"."""
        found = {kind: self._ask_any(functions) for kind, functions in _PROCESSES.items()}
        return {
            kind: [_process(one) for one in processes]
            for kind, processes in found.items()
            if processes is not None
        }

    def info(self) -> list[Told]:
        """Return facts as labels, and MIG's instances."""
        mode = self._ask("nvmlDeviceGetMigMode")
        each = [("mig_info", *one.ids, one.uuid, one.profile) for one in self._instances()]
        instances = [(tuple(each), [1] * len(each))] if each else []
        return [self._facts, *_switch("mig_enabled", mode), *instances]

    def serial(self) -> str | None:
        """Return the serial number of its board."""
        return self._ask("nvmlDeviceGetSerial") or None

    def close(self) -> None:
        """Give back what NVML keeps for it."""
        self._activity.close()

    def _watch(self) -> None:
        if not self._is_watched:
            self._is_watched = True
            self._events.watch(self._handle, self.uuid)

    def _ask(self, function: str, *arguments: Any) -> Any | None:
        return asked(self._nvml, function, self._handle, *arguments)

    def _ask_any(self, functions: tuple[str, ...], *arguments: Any) -> Any | None:
        for function in functions:
            answer = self._ask(function, *arguments)
            if answer is not None:
                return answer
        return None

    def _numbers(self, numbers: Sequence[Number]) -> Numbers:
        return Numbers(self._nvml, self._handle, numbers)

    def _fields(self, questions: Sequence[Question]) -> Fields:
        return Fields(self._nvml, self._handle, questions)

    def _memory(self, handle: Any) -> Any | None:
        """Return sizes of a GPU or an instance; older drivers don't tell what is reserved."""
        version = getattr(self._nvml, "nvmlMemory_v2", None)
        name = "nvmlDeviceGetMemoryInfo"
        return asked(self._nvml, name, handle, version) or asked(self._nvml, name, handle)

    def _instances(self) -> list[Instance]:
        return instances(self._nvml, self._handle)

    # What does not change while NVML is open is asked for once.

    @cached_property
    def _thresholds(self) -> Told:
        return self._numbers(_THRESHOLDS).told()

    @cached_property
    def _fastest(self) -> Told:
        return self._numbers(_FASTEST).told()

    @cached_property
    def _best_link(self) -> Told:
        return self._numbers(_BEST_LINK).told()

    @cached_property
    def _supported_events(self) -> int:
        return number(self._ask_any(_SUPPORTED_EVENTS)) or _OLD_EVENTS

    @cached_property
    def _links(self) -> Fields | None:
        count = min(int(next(iter(self._fields(_LINK_COUNT).told()[1]), 0)), _MOST_LINKS)
        return self._fields(questions(count)) if count else None

    @cached_property
    def _facts(self) -> Told:
        """Name, PCI bus id, vendor, and the versions of driver and CUDA."""
        pci = self._ask("nvmlDeviceGetPciInfo")
        cuda = asked(self._nvml, "nvmlSystemGetCudaDriverVersion_v2")
        facts = (
            self._ask("nvmlDeviceGetName") or "",
            _text(pci.busId) if pci else "",
            "NVIDIA",
            asked(self._nvml, "nvmlSystemGetDriverVersion") or "",
            f"{cuda // 1000}.{cuda % 1000 // 10}" if cuda else "",
        )
        return (("info", *facts),), [1]


@lru_cache(maxsize=256)
def _events(bits: int, told: int) -> Told:
    """Return which events hold by *bits*, of those that the bits of *told* are for."""
    return _names(told), [int(bits & bit != 0) for bit in _EVENTS.values() if told & bit]


@lru_cache(maxsize=16)
def _names(told: int) -> Quantities:
    return tuple(name for name, bit in _EVENTS.items() if told & bit)


@lru_cache(maxsize=16)
def _switched(name: str, is_on: bool) -> Told:
    return ((name,),), [int(is_on)]


def _switch(name: str, mode: Sequence[int] | None) -> list[Told]:
    """Return whether something is on, of what it is now and after the next reset."""
    return [] if mode is None else [_switched(name, mode[0] == 1)]


def _process(one: Any) -> Process:
    ids = one.gpuInstanceId, one.computeInstanceId
    is_divided = None not in ids and max(ids) < BLANK_32
    return Process(one.pid, number(one.usedGpuMemory), tuple(map(str, ids)) if is_divided else ())


def _text(value: bytes | str) -> str:
    return value.decode("utf-8", "replace") if isinstance(value, bytes) else value
