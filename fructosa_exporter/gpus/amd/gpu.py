"""A GPU of AMD: its values from AMD SMI by subject, in base units."""

from collections.abc import Callable
from typing import Any, TypeVar

from fructosa_exporter.gpus.driver import GPULost
from fructosa_exporter.gpus.kept import KeptAnswers
from fructosa_exporter.gpus.quantities import Columns, GPUProcess, QuantityValues, known
from fructosa_exporter.gpus.units import celsius, hertz, ratio, scaled

from .calls import ABSENT, entry, number, number_16, numbers_16, query, query_with_status, text
from .metrics import SMIMetrics

# Names of AmdSmiClkType, and of the metrics with the clock: of each die, or of the GPU.
_CLOCKS = {
    "graphics": ("GFX", "current_gfxclks", "current_gfxclk", "average_gfxclk_frequency"),
    "memory": ("MEM", "current_uclk", "average_uclk_frequency"),
    "video": ("VCLK0", "current_vclk0s", "current_vclk0", "average_vclk0_frequency"),
}
# Names of AmdSmiTemperatureType and AmdSmiTemperatureMetric.
_THRESHOLDS = {
    "slowdown": ("HOTSPOT", "CRITICAL"),
    "shutdown": ("HOTSPOT", "EMERGENCY"),
    "memory_max": ("VRAM", "CRITICAL"),
}
_VIDEO = ("vcn_activity", "xcp_stats.vcn_busy", "average_mm_activity")
_JPEG = ("jpeg_activity", "xcp_stats.jpeg_busy")
_DRAWS = ("current_socket_power", "average_socket_power")
_GENERATIONS = {2: 1, 5: 2, 8: 3, 16: 4, 32: 5, 64: 6}  # by GT/s, rounded down
_MEMORY_BLOCK = 0x1  # AMDSMI_GPU_BLOCK_UMC
_PENDING = 1  # AMDSMI_MEM_PAGE_STATUS_PENDING
_MIB = 1024 * 1024

A = TypeVar("A")


class AmdGPU:
    """A GPU by its handle, which is valid until AMD SMI is shut down.

    *is_bound* returns whether the kernel's driver still has the GPU. Each method returns the values
    of one subject. Raises: GPULost, DriverError.
    """

    def __init__(
        self,
        smi: Any,
        handle: Any,
        names: tuple[str, str, str],
        is_bound: Callable[[], bool],
        clock: Callable[[], float],
    ) -> None:
        self.index, self.uuid, self._address = names
        self._smi, self._handle, self._is_bound = smi, handle, is_bound
        self._metrics = SMIMetrics(smi, handle, clock)
        self._answers = KeptAnswers(clock)

    def check(self) -> None:
        """Check that the GPU still responds."""
        if not self._is_bound():
            raise GPULost("the GPU is no longer bound to the driver amdgpu")
        self._metrics.check()

    def utilization(self) -> QuantityValues:
        """Return ("busy",), ("memory",) and ("engine", NAME), the average of engines of a kind."""
        return known(
            {
                ("busy",): _share(self._metrics.first("average_gfx_activity")),
                ("memory",): _share(self._metrics.first("average_umc_activity")),
                ("engine", "video"): _mean(self._metrics.all(*_VIDEO)),
                ("engine", "jpeg"): _mean(self._metrics.all(*_JPEG)),
            }
        )

    def activity(self) -> list[Columns]:
        """Return nothing: AMD's GPUs do not count the activity of these parts."""
        return []

    def use(self) -> QuantityValues:
        """Return what running totals are made of: ("busy",) now, ("used",) and ("energy",)."""
        values: dict[tuple[str, ...], float | None] = {
            ("busy",): _share(self._metrics.first("average_gfx_activity")),
            ("used",): self.memory().get(("used",)),
            ("energy",): self._energy(),
        }
        return known(values)

    def faults(self) -> QuantityValues:
        """Return what may hurt a job: ("ecc", KIND)."""
        return {name: value for name, value in self.errors().items() if name[0] == "ecc"}

    def memory(self) -> QuantityValues:
        """Return sizes in bytes."""
        vram = self._choice("AmdSmiMemoryType", "VRAM")
        total = self._kept(_positive, "amdsmi_get_gpu_memory_total", vram)
        used = number(self._query("amdsmi_get_gpu_memory_usage", vram))
        if not total or used is None:
            usage = self._query("amdsmi_get_gpu_vram_usage")
            total = scaled(number(entry(usage, "vram_total")), _MIB)
            used = scaled(number(entry(usage, "vram_used")), _MIB)
        free = max(0.0, total - used) if total and used is not None else None
        return known({("total",): total or None, ("used",): used, ("free",): free})

    def temperature(self) -> QuantityValues:
        """Return degrees Celsius: ("gpu",), ("memory",), ("threshold", NAME)."""
        values: dict[tuple[str, ...], float | None] = {
            ("gpu",): _celsius(self._metrics.first("temperature_hotspot", "temperature_edge")),
            ("memory",): _celsius(self._metrics.first("temperature_mem")),
        }
        if ("gpu",) not in known(values):  # a GPU without metrics
            values["gpu",] = self._degrees("HOTSPOT", "CURRENT") or self._degrees("EDGE", "CURRENT")
        return known(values | self._thresholds())

    def power(self) -> QuantityValues:
        """Return watts, and joules since the driver was loaded."""
        draw = self._metrics.first(*_DRAWS)
        if draw is None:  # a GPU without metrics
            power = self._query("amdsmi_get_power_info")
            draw = next(iter(numbers_16([entry(power, key) for key in _DRAWS])), None)
        limit_uw = number(entry(self._query("amdsmi_get_power_cap_info"), "power_cap"))
        return known(
            {
                ("draw",): draw or None,  # one die of the MI250 has the power of both
                ("limit",): scaled(limit_uw, 1e-6) or None,
                ("energy",): self._energy(),
            }
        )

    def clocks(self) -> QuantityValues:
        """Return clocks in hertz, and the events since the previous reading."""
        values: dict[tuple[str, ...], float | None] = {}
        for name, (_, *keys) in _CLOCKS.items():
            megahertz = max(self._metrics.all(*keys), default=None)
            values["clock", name] = hertz(None if megahertz is None else int(megahertz))
        return known(values | self._fastest() | self._metrics.events())

    def fans(self) -> QuantityValues:
        """Return the speed of the first fan as a ratio of its maximum."""
        speed = number(self._query("amdsmi_get_gpu_fan_speed", 0))
        speed_max = self._kept(number, "amdsmi_get_gpu_fan_speed_max", 0)
        if speed is None or not speed_max:
            return {}
        return {("speed", "0"): min(speed / speed_max, 1.0)}

    def pcie(self, is_sampled: bool = False) -> QuantityValues:
        """Return replays, generation and lanes; there are no rates, even if *is_sampled*."""
        pcie = self._query("amdsmi_get_pcie_info")
        now, static = entry(pcie, "pcie_metric"), entry(pcie, "pcie_static")
        newest: float | None = _generation(entry(static, "max_pcie_speed"))
        newest = newest or number_16(entry(static, "pcie_interface_version"))
        return known(
            {
                ("replays",): number(entry(now, "pcie_replay_count")),
                ("generation",): _generation(entry(now, "pcie_speed")),
                ("generation_max",): newest or None,
                ("lanes",): number_16(entry(now, "pcie_width")) or None,
                ("lanes_max",): number_16(entry(static, "max_pcie_width")) or None,
            }
        )

    def nvlink(self) -> QuantityValues:
        """Return nothing: AMD's GPUs have no NVLink."""
        return {}

    def errors(self) -> QuantityValues:
        """Return ECC errors, and bad pages, which are due to uncorrected errors."""
        counts = self._query("amdsmi_get_gpu_total_ecc_count")
        values: dict[tuple[str, ...], float | None] = {
            ("ecc_enabled",): self._kept(_ecc, "amdsmi_get_gpu_ecc_enabled"),
            ("ecc", "corrected"): number(entry(counts, "correctable_count")),
            ("ecc", "uncorrected"): number(entry(counts, "uncorrectable_count")),
        }
        pages = self._query("amdsmi_get_gpu_bad_page_info")
        if isinstance(pages, list):
            pending = [page for page in pages if entry(page, "status") == _PENDING]
            values["retired_pages", "uncorrected"] = len(pages) - len(pending)
            values["retired_pages_pending",] = int(bool(pending))
        return known(values)

    def processes(self) -> dict[str, list[GPUProcess]]:
        """Return the processes that use the GPU; AMD SMI has only one kind."""
        infos = self._query("amdsmi_get_gpu_process_list")
        if not isinstance(infos, list):
            return {}
        return {"compute": [_process(one) for one in infos if isinstance(entry(one, "pid"), int)]}

    def info(self) -> QuantityValues:
        """Return facts about the GPU as labels."""
        return {("info", *self._facts()): 1}

    def serial(self) -> str | None:
        """Return the serial number of the board."""
        return text(entry(self._query("amdsmi_get_gpu_board_info"), "product_serial")) or None

    def _query(self, function: str, *arguments: Any) -> Any | None:
        return query(self._smi, function, self._handle, *arguments)

    def _choice(self, kind: str, name: str) -> Any | None:
        """Return a member of an enumeration; None if the version lacks it."""
        return getattr(getattr(self._smi, kind, None), name, None)

    def _degrees(self, place: str, metric: str) -> float | None:
        at = self._choice("AmdSmiTemperatureType", place)
        what = self._choice("AmdSmiTemperatureMetric", metric)
        return _celsius(number_16(self._query("amdsmi_get_temp_metric", at, what)))

    def _energy(self) -> float | None:
        """Return joules; a counter that stays at zero is not supported and becomes None."""
        energy = self._query("amdsmi_get_energy_count")
        count = number(entry(energy, "energy_accumulator"))
        microjoules = number(entry(energy, "counter_resolution"))
        return count * microjoules * 1e-6 if count and microjoules else None

    # Values that do not change while AMD SMI is open are kept.

    def _kept(self, unit: Callable[[Any], A | None], function: str, *arguments: Any) -> A | None:
        """Return the kept result of a *function*, converted by *unit*."""

        def ask() -> tuple[A | None, bool]:
            result, status = query_with_status(self._smi, function, self._handle, *arguments)
            return unit(result), status not in ABSENT

        return self._answers.get((function, *arguments), ask)

    def _thresholds(self) -> dict[tuple[str, ...], float | None]:
        return {
            ("threshold", name): self._kept(
                lambda degrees: _celsius(number_16(degrees)),
                "amdsmi_get_temp_metric",
                self._choice("AmdSmiTemperatureType", place),
                self._choice("AmdSmiTemperatureMetric", metric),
            )
            for name, (place, metric) in _THRESHOLDS.items()
        }

    def _fastest(self) -> dict[tuple[str, ...], float | None]:
        return {
            ("fastest", name): self._kept(
                _fastest, "amdsmi_get_clock_info", self._choice("AmdSmiClkType", clock)
            )
            for name, (clock, *_) in _CLOCKS.items()
        }

    def _facts(self) -> tuple[str, ...]:
        """Return name, PCI bus id, vendor, driver version, and an empty CUDA version."""
        name = self._text("amdsmi_get_gpu_asic_info", "market_name")
        name = name or self._text("amdsmi_get_gpu_board_info", "product_name")
        driver = self._text("amdsmi_get_gpu_driver_info", "driver_version")
        return name, self._address, "AMD", driver, ""

    def _text(self, function: str, key: str) -> str:
        return self._kept(lambda info: text(entry(info, key)) or None, function) or ""


def _positive(value: Any) -> float | None:
    return number(value) or None


def _fastest(info: Any) -> float | None:
    megahertz = number_16(entry(info, "max_clk"))
    return hertz(int(megahertz)) if megahertz else None


def _ecc(blocks: Any) -> int | None:
    told = number(blocks)
    return None if told is None else int(int(told) & _MEMORY_BLOCK)


def _process(info: Any) -> GPUProcess:
    memory = number(entry(info, "memory_usage", "vram_mem"))
    if memory is None:
        memory = number(entry(info, "mem"))
    return GPUProcess(info["pid"], None if memory is None else int(memory))


def _share(percent: float | None) -> float | None:
    return ratio(None if percent is None else int(percent))


def _mean(percents: list[float]) -> float | None:
    valid = [percent for percent in percents if percent <= 100]
    return sum(valid) / len(valid) / 100 if valid else None


def _celsius(degrees: float | None) -> float | None:
    return celsius(None if degrees is None else int(degrees)) or None


def _generation(speed: Any) -> int | None:
    """Return the PCIe generation of a *speed* in MT/s; the maximum may also be in GT/s."""
    transfers = number_16(speed) or 0
    return _GENERATIONS.get(int(transfers / 1000 if transfers >= 1000 else transfers))
