"""A GPU of NVIDIA: its values from NVML by subject, in base units."""

from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import Any

from fructosa_exporter.gpus.kept import KeptAnswers
from fructosa_exporter.gpus.quantities import (
    Columns,
    GPUProcess,
    Quantities,
    QuantityValues,
    known,
    known_columns,
)
from fructosa_exporter.gpus.units import BLANK_32, celsius, number_64, ratio

from . import queries
from .calls import check_gpu, query, query_with_hope
from .fields import FieldQuery, FieldValues
from .gpm import GPMActivity
from .mig import MIGInstance, instances
from .numbers import NumberQuery, NumberValues
from .nvlink import NVLinks
from .xids import XidEvents

_RATES: Quantities = (("busy",), ("memory",))
_SIZES: Quantities = (("total",), ("used",), ("free",), ("reserved",))
_BAR1: Quantities = (("bar1_total",), ("bar1_used",))
_TEMPERATURES: Quantities = (("gpu",), ("memory",), ("margin",))
_MAX_PID = 2**22  # proc_sys_kernel(5), pid_max
_MAX_FAN_PERCENT = 200  # nvml.h: the speed may exceed 100 % of the maximum noise tolerance


class NvidiaGPU:
    """A GPU by its handle, which is valid until NVML is closed.

    Each method returns the values of one subject. Raises: GPULost, DriverError.
    """

    def __init__(
        self,
        nvml: Any,
        handle: Any,
        names: tuple[str, str],
        events: XidEvents,
        clock: Callable[[], float],
    ) -> None:
        self.index, self.uuid = names
        self._nvml, self._handle, self._events, self._clock = nvml, handle, events, clock
        self._answers = KeptAnswers(clock)
        self._complete: dict[str, Columns] = {}  # constants of which none is missing
        self._engines, self._power = self._numbers(queries.ENGINES), self._numbers(queries.POWER)
        self._clocks = self._numbers([*queries.CLOCKS, queries.STATE])
        self._link = self._numbers(queries.LINK)
        self._memory_c = self._fields(queries.MEMORY_C)
        self._throttled = self._fields(queries.THROTTLED)
        self._pcie, self._faults = self._fields(queries.PCIE), self._fields(queries.FAULTS)
        self._links = NVLinks(nvml, handle, clock)
        self._activity = GPMActivity(nvml, handle, self._answers)
        self._energy = self._numbers([queries.ENERGY])
        self._mean_use = GPMActivity(nvml, handle, self._answers)  # with samples of its own

    def check(self) -> None:
        """Check that the GPU still responds."""
        check_gpu(self._nvml, self._handle)

    def utilization(self) -> list[Columns]:
        """Return ("busy",), ("memory",) and ("engine", NAME) as ratios over the last period."""
        rates = self._query("nvmlDeviceGetUtilizationRates")
        engines = self._engines.read()
        if rates is None:
            return [engines]
        return [known_columns(_RATES, (ratio(rates.gpu), ratio(rates.memory))), engines]

    def activity(self) -> list[Columns]:
        """Return the activity of parts of the GPU since the last call, as ratios of the time.

        The first call returns an empty part for each instance.
        """
        return self._activity.read(self._instances()) if self._activity.is_supported else []

    def use(self) -> QuantityValues:
        """Return what running totals are made of: a few calls.

        ("busy",) is the share of the driver's last sample period in which something ran, since
        Hopper ("mean_busy",) that of all the time since the last call; ("used",) are bytes,
        ("energy",) joules since the driver was loaded.
        """
        rates, memory = self._query("nvmlDeviceGetUtilizationRates"), self._memory(self._handle)
        graphics = None
        # With MIG, which has no rates, the parts of the GPU are busy apart.
        if rates is not None and self._mean_use.is_supported:
            found = next(iter(self._mean_use.read(())), ((), ()))
            graphics = dict(zip(*found, strict=True)).get(("graphics",))
        values: dict[tuple[str, ...], float | None] = {
            ("busy",): None if rates is None else ratio(rates.gpu),
            ("mean_busy",): graphics,
            ("used",): None if memory is None else number_64(memory.used),
        }
        return known(values) | dict(zip(*self._energy.read(), strict=True))

    def faults(self) -> QuantityValues:
        """Return what may hurt a job: ("ecc", KIND), and seconds of ("throttled", REASON).

        The first call starts the collection of Xids.
        """
        self._watch()
        parts = (self._faults.read(), self._throttled.read())
        pairs = (pair for part in parts for pair in zip(*part, strict=True))
        return {name: value for name, value in pairs if name[0] in ("ecc", "throttled")}

    def memory(self) -> list[Columns]:
        """Return sizes in bytes, including those of MIG instances."""
        parts = []
        if memory := self._memory(self._handle):
            parts.append(
                known_columns(
                    _SIZES, [number_64(getattr(memory, size, None)) for (size,) in _SIZES]
                )
            )
        if bar1 := self._query("nvmlDeviceGetBAR1MemoryInfo"):
            parts.append(
                known_columns(_BAR1, (number_64(bar1.bar1Total), number_64(bar1.bar1Used)))
            )
        for instance in self._instances():
            if memory := self._memory(instance.handle):
                sizes = ("total", "used", "free")
                quantities = tuple((f"mig_{size}", *instance.ids) for size in sizes)
                parts.append(
                    known_columns(quantities, [number_64(getattr(memory, size)) for size in sizes])
                )
        return parts

    def temperature(self) -> list[Columns]:
        """Return degrees Celsius: ("gpu",), ("memory",), ("threshold", NAME), ("margin",)."""
        memory_c = next(iter(self._memory_c.read()[1]), None)
        found = (
            celsius(self._query_any(queries.TEMPERATURE, 0)),
            celsius(memory_c or None),  # 0 without a sensor
            celsius(self._query("nvmlDeviceGetMarginTemperature")),
        )
        return [known_columns(_TEMPERATURES, found), self._constants(queries.THRESHOLDS)]

    def power(self) -> list[Columns]:
        """Return watts, and joules since the driver was loaded."""
        return [self._power.read()]

    def clocks(self) -> list[Columns]:
        """Return clocks in hertz, events, seconds of throttling, and the P-state."""
        parts = [self._clocks.read(), self._constants(queries.FASTEST)]
        bits = number_64(self._query_any(queries.CURRENT_EVENTS))
        if bits is not None:
            parts.append(_events(bits, self._supported_events() | bits))
        return [*parts, self._throttled.read()]

    def fans(self) -> list[Columns]:
        """Return the speed of each fan as a ratio of its maximum."""
        count = min(self._query("nvmlDeviceGetNumFans") or 0, 16)
        speeds = [
            ratio(self._query("nvmlDeviceGetFanSpeed_v2", fan), _MAX_FAN_PERCENT)
            for fan in range(count)
        ]
        return [known_columns(tuple(("speed", str(fan)) for fan in range(count)), speeds)]

    def pcie(self, is_sampled: bool = False) -> list[Columns]:
        """Return bytes, replays, generation and lanes; with *is_sampled*, also rates over 40 ms."""
        rates = [self._numbers(queries.LINK_RATES).read()] if is_sampled else []
        best = self._constants(queries.BEST_LINK)
        return [self._pcie.read(), self._link.read(), best, *rates]

    def nvlink(self) -> list[Columns]:
        """Return state, bytes and errors of each link."""
        return self._links.read()

    def errors(self) -> list[Columns]:
        """Return ECC errors, retired pages, remapped rows, and what is pending.

        The first call starts the collection of Xids.
        """
        self._watch()
        mode = self._query("nvmlDeviceGetEccMode")
        return [self._faults.read(), *_switch("ecc_enabled", mode)]

    def processes(self) -> dict[str, list[GPUProcess]]:
        """Return the processes that use the GPU, by kind: "compute", "graphics"."""
        by_kind = {kind: self._query_any(names) for kind, names in queries.PROCESSES.items()}
        return {
            kind: _processes(processes)
            for kind, processes in by_kind.items()
            if processes is not None
        }

    def info(self) -> list[Columns]:
        """Return facts about the GPU as labels, its minor number, and its MIG instances."""
        mode = self._query("nvmlDeviceGetMigMode")
        each = [("mig_info", *one.ids, one.uuid, one.profile) for one in self._instances()]
        instances = [(tuple(each), [1] * len(each))] if each else []
        minor = self._constants([queries.MINOR])
        return [self._facts(), minor, *_switch("mig_enabled", mode), *instances]

    def serial(self) -> str | None:
        """Return the serial number of the board."""
        return self._query("nvmlDeviceGetSerial") or None

    def close(self) -> None:
        """Free what NVML has allocated for this GPU."""
        self._activity.close()
        self._mean_use.close()

    def _watch(self) -> None:
        self._answers.get("xids", lambda: self._events.watch(self._handle, self.uuid))

    def _query(self, function: str, *arguments: Any) -> Any | None:
        return query(self._nvml, function, self._handle, *arguments)

    def _query_any(self, functions: tuple[str, ...], *arguments: Any) -> Any | None:
        for function in functions:
            result = self._query(function, *arguments)
            if result is not None:
                return result
        return None

    def _numbers(self, numbers: Sequence[NumberQuery]) -> NumberValues:
        return NumberValues(self._nvml, self._handle, numbers)

    def _fields(self, fields: Sequence[FieldQuery]) -> FieldValues:
        return FieldValues(self._nvml, self._handle, fields, self._clock)

    def _memory(self, handle: Any) -> Any | None:
        """Return the memory of a GPU or an instance; older drivers have no reserved memory."""
        version = getattr(self._nvml, "nvmlMemory_v2", None)
        name = "nvmlDeviceGetMemoryInfo"
        return query(self._nvml, name, handle, version) or query(self._nvml, name, handle)

    def _instances(self) -> list[MIGInstance]:
        return instances(self._nvml, self._handle)

    # Values that do not change while NVML is open are kept.

    def _kept(
        self, function: str, arguments: tuple[Any, ...], unit: Callable[[Any], Any] | None = None
    ) -> Any | None:
        """Return the kept result of a *function*, converted by *unit*.

        The first of the *arguments*, if any, is the handle of this GPU.
        """

        def ask() -> tuple[Any | None, bool]:
            result, may_pass = query_with_hope(self._nvml, function, *arguments)
            return (result if result is None or unit is None else unit(result)), may_pass

        return self._answers.get((function, *arguments[1:]), ask)

    def _constants(self, numbers: Sequence[NumberQuery]) -> Columns:
        """Return the kept results of *numbers*; the same columns once none is missing."""
        name = numbers[0].function
        if name not in self._complete:
            values = [
                self._kept(one.function, (self._handle, *one.arguments), one.unit)
                for one in numbers
            ]
            columns = known_columns(tuple(one.quantity for one in numbers), values)
            if None in values:
                return columns
            self._complete[name] = columns
        return self._complete[name]

    def _supported_events(self) -> int:
        each = (self._kept(name, (self._handle,), number_64) for name in queries.SUPPORTED_EVENTS)
        return next(filter(None, each), queries.OLD_EVENTS)

    def _facts(self) -> Columns:
        """Return name, PCI bus id, vendor, and versions of driver and CUDA, as labels."""
        if "info" in self._complete:
            return self._complete["info"]
        cuda = self._kept("nvmlSystemGetCudaDriverVersion_v2", ())
        facts = (
            self._kept("nvmlDeviceGetName", (self._handle,)) or "",
            self._kept("nvmlDeviceGetPciInfo", (self._handle,), lambda pci: _text(pci.busId)) or "",
            "NVIDIA",
            self._kept("nvmlSystemGetDriverVersion", ()) or "",
            f"{cuda // 1000}.{cuda % 1000 // 10}" if cuda else "",
        )
        columns: Columns = ((("info", *facts),), [1])
        if all(facts):
            self._complete["info"] = columns
        return columns


@lru_cache(maxsize=256)
def _events(active: int, supported: int) -> Columns:
    """Return 1 for *active* events, 0 for others that are *supported*; both are bit masks."""
    bits = [bit for bit in queries.EVENTS.values() if supported & bit]
    return _names(supported), [int(active & bit != 0) for bit in bits]


@lru_cache(maxsize=16)
def _names(supported: int) -> Quantities:
    return tuple(name for name, bit in queries.EVENTS.items() if supported & bit)


@lru_cache(maxsize=16)
def _switched(name: str, is_on: bool) -> Columns:
    return ((name,),), [int(is_on)]


def _switch(name: str, mode: Sequence[int] | None) -> list[Columns]:
    """Return the current state of a *mode*, which has the current and the pending state."""
    return [] if mode is None else [_switched(name, mode[0] == 1)]


def _processes(infos: Sequence[Any]) -> list[GPUProcess]:
    """Return the processes; if they are invalid, only as many placeholders.

    Some 535 drivers write a structure that is eight bytes longer than in all other drivers.
    """
    if not all(0 < one.pid <= _MAX_PID for one in infos):
        return [GPUProcess(0, None)] * len(infos)
    return [_process(one) for one in infos]


def _process(one: Any) -> GPUProcess:
    ids = one.gpuInstanceId, one.computeInstanceId
    is_divided = None not in ids and max(ids) < BLANK_32
    return GPUProcess(
        one.pid, number_64(one.usedGpuMemory), tuple(map(str, ids)) if is_divided else ()
    )


def _text(value: bytes | str) -> str:
    return value.decode("utf-8", "replace") if isinstance(value, bytes) else value
