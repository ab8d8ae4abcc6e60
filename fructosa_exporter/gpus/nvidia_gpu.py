"""One GPU of NVIDIA: what NVML tells of each subject, in base units."""

from collections.abc import Sequence
from functools import cached_property, lru_cache
from typing import Any

from . import nvidia_questions as ask
from .answers import BLANK_32, Process, Quantities, Told, celsius, number, share, told
from .nvidia_activity import Activity
from .nvidia_calls import asked, check
from .nvidia_events import Events
from .nvidia_fields import Fields, Question
from .nvidia_links import Links
from .nvidia_mig import Instance, instances
from .nvidia_numbers import Number, Numbers

_RATES: Quantities = (("busy",), ("memory",))
_SIZES: Quantities = (("total",), ("used",), ("free",), ("reserved",))
_BAR1: Quantities = (("bar1_total",), ("bar1_used",))
_TEMPERATURES: Quantities = (("gpu",), ("memory",), ("margin",))
_MOST_LINKS = 64
_MOST_PIDS = 2**22  # that Linux gives: proc_sys_kernel(5), pid_max
_FASTEST_FAN = 200  # nvml.h: the speed may be above 100 % of what the fan's noise should allow


class NvidiaGPU:
    """A GPU by its handle, which stays valid until NVML is closed.

    Each method answers one subject. Raises: GPULost, DriverError.
    """

    def __init__(self, nvml: Any, handle: Any, index: str, uuid: str, events: Events) -> None:
        self.index, self.uuid = index, uuid
        self._nvml, self._handle, self._events = nvml, handle, events
        self._is_watched = False
        self._engines, self._power = self._numbers(ask.ENGINES), self._numbers(ask.POWER)
        self._clocks = self._numbers([*ask.CLOCKS, ask.STATE])
        self._link = self._numbers(ask.LINK)
        self._memory_c, self._held = self._fields(ask.MEMORY_C), self._fields(ask.HELD)
        self._pcie, self._faults = self._fields(ask.PCIE), self._fields(ask.FAULTS)
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
            celsius(self._ask_any(ask.TEMPERATURE, 0)),
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
        bits = number(self._ask_any(ask.CURRENT_EVENTS))
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
        rates = [self._numbers(ask.LINK_RATES).told()] if is_sampled else []
        return [self._pcie.told(), self._link.told(), self._best_link, *rates]

    def nvlink(self) -> list[Told]:
        """Return state, bytes and errors by link."""
        return self._links.told() if self._links else []

    def errors(self) -> list[Told]:
        """Return counts of ECC errors, retired pages and remapped rows, and what is pending.

        From the first time on NVML keeps its Xids.
        """
        self._watch()
        mode = self._ask("nvmlDeviceGetEccMode")
        return [self._faults.told(), *_switch("ecc_enabled", mode)]

    def processes(self) -> dict[str, list[Process]]:
        """Return the processes that use the GPU, by kind: "compute", "graphics"."""
        found = {kind: self._ask_any(functions) for kind, functions in ask.PROCESSES.items()}
        return {
            kind: _processes(processes)
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
        return self._numbers(ask.THRESHOLDS).told()

    @cached_property
    def _fastest(self) -> Told:
        return self._numbers(ask.FASTEST).told()

    @cached_property
    def _best_link(self) -> Told:
        return self._numbers(ask.BEST_LINK).told()

    @cached_property
    def _supported_events(self) -> int:
        return number(self._ask_any(ask.SUPPORTED_EVENTS)) or ask.OLD_EVENTS

    @cached_property
    def _links(self) -> Links | None:
        count = min(int(next(iter(self._fields(ask.LINK_COUNT).told()[1]), 0)), _MOST_LINKS)
        return Links(self._nvml, self._handle, count) if count else None

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
    return _names(told), [int(bits & bit != 0) for bit in ask.EVENTS.values() if told & bit]


@lru_cache(maxsize=16)
def _names(told: int) -> Quantities:
    return tuple(name for name, bit in ask.EVENTS.items() if told & bit)


@lru_cache(maxsize=16)
def _switched(name: str, is_on: bool) -> Told:
    return ((name,),), [int(is_on)]


def _switch(name: str, mode: Sequence[int] | None) -> list[Told]:
    """Return whether something is on, of what it is now and after the next reset."""
    return [] if mode is None else [_switched(name, mode[0] == 1)]


def _processes(told: Sequence[Any]) -> list[Process]:
    """Return the processes that are *told*; where they can't be right, only how many.

    Some drivers of the series 535 write each with eight bytes more than all others do.
    """
    if not all(0 < one.pid <= _MOST_PIDS for one in told):
        return [Process(0, None)] * len(told)
    return [_process(one) for one in told]


def _process(one: Any) -> Process:
    ids = one.gpuInstanceId, one.computeInstanceId
    is_divided = None not in ids and max(ids) < BLANK_32
    return Process(one.pid, number(one.usedGpuMemory), tuple(map(str, ids)) if is_divided else ())


def _text(value: bytes | str) -> str:
    return value.decode("utf-8", "replace") if isinstance(value, bytes) else value
