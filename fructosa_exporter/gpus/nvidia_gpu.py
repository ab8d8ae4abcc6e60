"""One GPU of NVIDIA: what NVML tells of each subject, in base units."""

from functools import cached_property, lru_cache
from typing import Any

from .answers import (
    Answer,
    Process,
    Told,
    celsius,
    hertz,
    known,
    number,
    scaled,
    share,
    small,
    watts,
)
from .nvidia_calls import asked, check, take
from .nvidia_events import Events
from .nvidia_fields import Fields, Question
from .nvidia_links import questions
from .nvidia_mig import Instance, instances

# nvmlEncoderUtilization and its kin: engines of their own beside the one that computes.
_ENGINES = {
    ("engine", "encoder"): "nvmlDeviceGetEncoderUtilization",
    ("engine", "decoder"): "nvmlDeviceGetDecoderUtilization",
    ("engine", "jpeg"): "nvmlDeviceGetJpgUtilization",
    ("engine", "ofa"): "nvmlDeviceGetOfaUtilization",
}
_CLOCK_NAMES = ("graphics", "sm", "memory", "video")  # NVML_CLOCK_*, from 0 on
_CLOCKS = {("clock", name): number for number, name in enumerate(_CLOCK_NAMES)}
_FASTEST = {("fastest", name): number for number, name in enumerate(_CLOCK_NAMES)}
_THRESHOLDS = {  # NVML_TEMPERATURE_THRESHOLD_*
    ("threshold", "shutdown"): 0,
    ("threshold", "slowdown"): 1,
    ("threshold", "memory_max"): 2,
    ("threshold", "gpu_max"): 3,
}
_EVENTS = {  # nvmlClocksEventReason*
    "gpu_idle": 0x1,
    "applications_clocks": 0x2,
    "sw_power_cap": 0x4,
    "hw_slowdown": 0x8,
    "sync_boost": 0x10,
    "sw_thermal": 0x20,
    "hw_thermal": 0x40,
    "hw_power_brake": 0x80,
    "display_clocks": 0x100,
}
# The first is to go with CUDA 14, and older drivers don't have the second.
_TEMPERATURE = ("nvmlDeviceGetTemperature", "nvmlDeviceGetTemperatureV")
# Drivers before 535 call it otherwise.
_CLOCKS_EVENTS = (
    "nvmlDeviceGetCurrentClocksEventReasons",
    "nvmlDeviceGetCurrentClocksThrottleReasons",
)
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
_TX, _RX = 0, 1  # NVML_PCIE_UTIL_*
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
        self._asked_often: dict[int, Fields] = {}

    def check(self) -> None:
        """Ask for something that each GPU tells."""
        check(self._nvml, self._handle)

    def utilization(self) -> Answer:
        """Return ("busy",), ("memory",) and ("engine", NAME): shares of the last sample period."""
        rates = self._ask("nvmlDeviceGetUtilizationRates")
        found: dict[tuple[str, ...], float | None] = {
            ("busy",): rates and share(rates.gpu),
            ("memory",): rates and share(rates.memory),
        }
        for engine, function in _ENGINES.items():
            pair = self._ask(function)
            found[engine] = pair and share(pair[0])
        return known(found)

    def memory(self) -> Answer:
        """Return sizes in bytes, of MIG's instances too."""
        found: dict[tuple[str, ...], float | None] = {}
        if memory := self._memory(self._handle):
            for size in ("total", "used", "free", "reserved"):
                found[(size,)] = number(getattr(memory, size, None))
        if bar1 := self._ask("nvmlDeviceGetBAR1MemoryInfo"):
            found["bar1_total",] = number(bar1.bar1Total)
            found["bar1_used",] = number(bar1.bar1Used)
        for instance in self._instances():
            if memory := self._memory(instance.handle):
                for size in ("total", "used", "free"):
                    found[f"mig_{size}", *instance.ids] = number(getattr(memory, size))
        return known(found)

    def temperature(self) -> Answer:
        """Return degrees Celsius: ("gpu",), ("memory",), ("threshold", NAME), ("margin",)."""
        memory_c = self._fields(_MEMORY_C).get(("memory",))
        found: dict[tuple[str, ...], float | None] = {
            ("gpu",): celsius(self._ask_any(_TEMPERATURE, 0)),
            ("memory",): celsius(memory_c or None),  # 0 where nothing measures it
            ("margin",): celsius(self._ask("nvmlDeviceGetMarginTemperature")),
        }
        return known(found) | self._thresholds

    def power(self) -> Answer:
        """Return watts, and joules since the driver was loaded."""
        energy_mj = number(self._ask("nvmlDeviceGetTotalEnergyConsumption"))
        return known(
            {
                ("draw",): watts(self._ask("nvmlDeviceGetPowerUsage")),
                ("limit",): watts(self._ask("nvmlDeviceGetEnforcedPowerLimit")),
                ("energy",): scaled(energy_mj, 1e-3),
            }
        )

    def clocks(self) -> Answer:
        """Return hertz, why clocks are held back and for how many seconds, and the P-state."""
        found: dict[tuple[str, ...], float | None] = {
            name: hertz(self._ask("nvmlDeviceGetClockInfo", clock))
            for name, clock in _CLOCKS.items()
        }
        state = self._ask("nvmlDeviceGetPerformanceState")
        found["state",] = state if state is not None and state < 16 else None  # 32 is "unknown"
        bits = number(self._ask_any(_CLOCKS_EVENTS))
        events = {} if bits is None else _events(bits)
        return known(found) | self._fastest | events | self._fields(_HELD)

    def fans(self) -> Answer:
        """Return shares of the highest speed by fan."""
        count = self._ask("nvmlDeviceGetNumFans") or 0
        return known(
            {
                ("speed", str(fan)): share(self._ask("nvmlDeviceGetFanSpeed_v2", fan), _FASTEST_FAN)
                for fan in range(min(count, 16))
            }
        )

    def pcie(self, is_sampled: bool = False) -> Answer:
        """Return bytes, replays, generation and lanes; *is_sampled* measures rates for 40 ms."""
        found: dict[tuple[str, ...], float | None] = {
            ("generation",): small(self._ask("nvmlDeviceGetCurrPcieLinkGeneration")) or None,
            ("lanes",): small(self._ask("nvmlDeviceGetCurrPcieLinkWidth")) or None,
        }
        if is_sampled:
            for quantity, counter in (("transmit_rate", _TX), ("receive_rate", _RX)):
                kilobytes = small(self._ask("nvmlDeviceGetPcieThroughput", counter))
                found[(quantity,)] = scaled(kilobytes, 1000)
        return self._fields(_PCIE) | known(found) | self._pcie_most

    def nvlink(self) -> Told:
        """Return state, bytes and errors by link."""
        return self._links.told() if self._links else Told((), [])

    def errors(self) -> Answer:
        """Return counts of ECC errors, retired pages and remapped rows, and what is pending.

        From the first time on NVML keeps its Xids.
        """
        self._watch()
        mode = self._ask("nvmlDeviceGetEccMode")
        found = self._fields(_FAULTS)
        if mode is not None:
            found["ecc_enabled",] = int(mode[0] == 1)
        return found

    def processes(self) -> dict[str, list[Process]]:
        """Return the processes that use the GPU, by kind: "compute", "graphics"."""
        found = {kind: self._ask_any(functions) for kind, functions in _PROCESSES.items()}
        return {
            kind: [_process(one) for one in processes]
            for kind, processes in found.items()
            if processes is not None
        }

    def info(self) -> Answer:
        """Return facts as labels, and MIG's instances."""
        found: Answer = {("info", *self._facts): 1}
        mode = self._ask("nvmlDeviceGetMigMode")
        if mode is not None:
            found["mig_enabled",] = int(mode[0] == 1)
        for instance in self._instances():
            found["mig_info", *instance.ids, instance.uuid, instance.profile] = 1
        return found

    def serial(self) -> str | None:
        """Return the serial number of its board."""
        return self._ask("nvmlDeviceGetSerial") or None

    def _watch(self) -> None:
        if not self._is_watched:
            self._is_watched = True
            self._events.watch(self._handle, self.uuid)

    def _ask(self, function: str, *arguments: Any) -> Any | None:
        # As asked() does, without its call: this one is made hundreds of times for a page.
        try:
            return getattr(self._nvml, function)(self._handle, *arguments)
        except Exception as error:  # noqa: BLE001 - told apart there
            take(self._nvml, function, error)
            return None

    def _ask_any(self, functions: tuple[str, ...], *arguments: Any) -> Any | None:
        for function in functions:
            answer = self._ask(function, *arguments)
            if answer is not None:
                return answer
        return None

    def _fields(self, questions: list[Question]) -> Answer:
        key = id(questions)  # of this module: they live as long as it does
        if key not in self._asked_often:
            self._asked_often[key] = Fields(self._nvml, self._handle, questions)
        return dict(zip(*self._asked_often[key].told(), strict=True))

    def _memory(self, handle: Any) -> Any | None:
        """Return sizes of a GPU or an instance; older drivers don't tell what is reserved."""
        version = getattr(self._nvml, "nvmlMemory_v2", None)
        name = "nvmlDeviceGetMemoryInfo"
        return asked(self._nvml, name, handle, version) or asked(self._nvml, name, handle)

    def _instances(self) -> list[Instance]:
        return instances(self._nvml, self._handle)

    # What does not change while NVML is open is asked for once.

    @cached_property
    def _thresholds(self) -> Answer:
        return known(
            {
                name: celsius(self._ask("nvmlDeviceGetTemperatureThreshold", kind))
                for name, kind in _THRESHOLDS.items()
            }
        )

    @cached_property
    def _fastest(self) -> Answer:
        return known(
            {
                name: hertz(self._ask("nvmlDeviceGetMaxClockInfo", clock))
                for name, clock in _FASTEST.items()
            }
        )

    @cached_property
    def _pcie_most(self) -> Answer:
        return known(
            {
                ("generation_max",): small(self._ask("nvmlDeviceGetMaxPcieLinkGeneration")) or None,
                ("lanes_max",): small(self._ask("nvmlDeviceGetMaxPcieLinkWidth")) or None,
            }
        )

    @cached_property
    def _links(self) -> Fields | None:
        count = min(int(self._fields(_LINK_COUNT).get(("count",), 0)), _MOST_LINKS)
        return Fields(self._nvml, self._handle, questions(count)) if count else None

    @cached_property
    def _facts(self) -> tuple[str, ...]:
        """Name, PCI bus id, vendor, and the versions of driver and CUDA."""
        pci = self._ask("nvmlDeviceGetPciInfo")
        cuda = asked(self._nvml, "nvmlSystemGetCudaDriverVersion_v2")
        return (
            self._ask("nvmlDeviceGetName") or "",
            _text(pci.busId) if pci else "",
            "NVIDIA",
            asked(self._nvml, "nvmlSystemGetDriverVersion") or "",
            f"{cuda // 1000}.{cuda % 1000 // 10}" if cuda else "",
        )


@lru_cache(maxsize=256)
def _events(bits: int) -> Answer:
    return {("event", name): int(bits & bit != 0) for name, bit in _EVENTS.items()}


def _process(told: Any) -> Process:
    ids = told.gpuInstanceId, told.computeInstanceId
    is_divided = None not in map(small, ids)
    memory = number(told.usedGpuMemory)
    return Process(told.pid, memory, tuple(map(str, ids)) if is_divided else ())


def _text(value: bytes | str) -> str:
    return value.decode("utf-8", "replace") if isinstance(value, bytes) else value
