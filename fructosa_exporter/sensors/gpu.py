"""GPUs: what they do, and what that takes of memory, power and heat."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, ClassVar

from fructosa_exporter.errors import SensorUnavailable
from fructosa_exporter.gpus.answers import Answer, Quantities, Told, parts
from fructosa_exporter.gpus.driver import DriverError, Labels
from fructosa_exporter.gpus.machine import GPUS, Machine
from fructosa_exporter.metrics import Key, Metric, Rows, Sample, counter, gauge
from fructosa_exporter.sensor import CalmSensorOptions, Sensor, SensorOptions


def of_gpu(
    name: str,
    help: str,  # noqa: A002
    *labels: str,
    declare: Callable[..., Metric] = gauge,
) -> Metric:
    """Declare a metric of a GPU: its labels begin with the GPU's index and UUID."""
    return declare(f"fructosa_gpu_{name}", help, "gpu", "uuid", *labels)


class GPUSensor(Sensor):
    """A subject that GPUs are asked for. A subclass declares what each quantity means."""

    waits_for_device: ClassVar[bool] = True
    cost: ClassVar[str] = "calls into the driver, some 10 to 100 us each"
    QUANTITIES: ClassVar[Mapping[str, Metric]]

    read: Machine = GPUS

    def __init__(
        self, options: SensorOptions | None = None, read: Callable[..., Any] | None = None
    ) -> None:
        super().__init__(options, read)
        self._told: list[tuple[Labels, list[Quantities]]] = []
        self._keys: list[Key] = []

    def ask(self, gpu: Any) -> Answer | list[Told]:
        """Return what a GPU answers: quantities, with their labels, that it knows.

        Raises: GPULost, DriverError.
        """
        raise NotImplementedError

    def answers(self) -> Sequence[tuple[Labels, Answer | list[Told]]]:
        """Return what each GPU tells. Raises: as ``Machine.each``."""
        return self.read.each(self.name, self.ask)

    def samples(self) -> Iterable[Sample | Rows]:
        answers = self.answers()
        if not answers:
            raise DriverError("no GPU answers")
        each = [(gpu, parts(answer)) for gpu, answer in answers]
        told = [(gpu, [quantities for quantities, _ in found]) for gpu, found in each]
        if told != self._told:
            self._told, self._keys = told, self._series(told)
        if not self._keys:
            raise SensorUnavailable("the GPUs here tell nothing of it")
        values: list[float] = []
        for _, found in each:
            for _, numbers in found:
                values += numbers
        return [Rows(self._keys, values)]

    def _series(self, told: list[tuple[Labels, list[Quantities]]]) -> list[Key]:
        """Return the series of what GPUs tell, which are kept while they tell the same."""
        return [
            self.QUANTITIES[name].sample(0, *gpu, *more)[:2]
            for gpu, found in told
            for quantities in found
            for name, *more in quantities
        ]


class GPUUtilization(GPUSensor):
    """How busy GPUs, their memory, and their engines for video and images are.

    Source: NVML, nvmlDeviceGetUtilizationRates and its kin; AMD SMI, GPU activity. They are of the
    driver's last sample period, a sixth of a second to one second. A GPU counts as busy as long
    as anything runs on it, be it on one of its hundred processors. A GPU that is divided by MIG
    tells none.
    """

    QUANTITIES = {
        "busy": of_gpu("utilization_ratio", "Share of time in which something ran on the GPU."),
        "memory": of_gpu("memory_busy_ratio", "Share of time in which memory was read or written."),
        "engine": of_gpu(
            "engine_utilization_ratio", "Share of time that an engine worked.", "engine"
        ),
    }

    def ask(self, gpu: Any) -> Answer | list[Told]:
        return gpu.utilization()  # type: ignore[no-any-return]


class GPUMemory(GPUSensor):
    """Memory of GPUs, of MIG's instances, and what of it can be seen over PCIe (BAR1).

    Source: NVML, nvmlDeviceGetMemoryInfo; AMD SMI, VRAM usage. What the driver and firmware
    reserve counts neither as used nor as free.
    """

    QUANTITIES = {
        "total": of_gpu("memory_total_bytes", "Memory of the GPU."),
        "used": of_gpu("memory_used_bytes", "Memory that is allocated."),
        "free": of_gpu("memory_free_bytes", "Memory that can be allocated."),
        "reserved": of_gpu("memory_reserved_bytes", "Memory that driver and firmware keep."),
        "bar1_total": of_gpu("bar1_total_bytes", "Memory that can be mapped over PCIe."),
        "bar1_used": of_gpu("bar1_used_bytes", "Memory that is mapped over PCIe."),
        "mig_total": of_gpu(
            "mig_memory_total_bytes",
            "Memory of a MIG instance.",
            "gpu_instance",
            "compute_instance",
        ),
        "mig_used": of_gpu(
            "mig_memory_used_bytes",
            "Memory that is allocated in a MIG instance.",
            "gpu_instance",
            "compute_instance",
        ),
        "mig_free": of_gpu(
            "mig_memory_free_bytes",
            "Memory that can be allocated in a MIG instance.",
            "gpu_instance",
            "compute_instance",
        ),
    }

    def ask(self, gpu: Any) -> Answer | list[Told]:
        return gpu.memory()  # type: ignore[no-any-return]


class GPUTemperature(GPUSensor):
    """Temperatures of GPUs and their memory, and those at which they slow or shut down.

    Source: NVML, nvmlDeviceGetTemperature, its thresholds and nvmlDeviceGetMarginTemperature;
    AMD SMI, temperature metrics. AMD's is that of the hottest spot.
    """

    QUANTITIES = {
        "gpu": of_gpu("temperature_celsius", "Temperature of the GPU."),
        "memory": of_gpu("memory_temperature_celsius", "Temperature of the GPU's memory."),
        "margin": of_gpu(
            "temperature_margin_celsius", "Degrees that are left until the GPU slows down."
        ),
        "threshold": of_gpu(
            "temperature_threshold_celsius", "Temperature at which something happens.", "threshold"
        ),
    }

    def ask(self, gpu: Any) -> Answer | list[Told]:
        return gpu.temperature()  # type: ignore[no-any-return]


class GPUPower(GPUSensor):
    """Power that GPUs draw, the limit that they are held to, and the energy they have used.

    Source: NVML, nvmlDeviceGetPowerUsage, nvmlDeviceGetEnforcedPowerLimit and the energy counter
    (from Volta on); AMD SMI, power and energy. On most of NVIDIA's GPUs since Ampere power is the
    average of one second, on A100 and before it is that of the moment.
    """

    QUANTITIES = {
        "draw": of_gpu("power_watts", "Power that the GPU with its memory draws."),
        "limit": of_gpu("power_limit_watts", "Power that the GPU is held to."),
        "energy": of_gpu(
            "energy_joules_total", "Energy used since the driver was loaded.", declare=counter
        ),
    }

    def ask(self, gpu: Any) -> Answer | list[Told]:
        return gpu.power()  # type: ignore[no-any-return]


class GPUClocks(GPUSensor):
    """Clocks of GPUs, what holds them back, and for how long it did.

    Source: NVML, nvmlDeviceGetClockInfo, nvmlDeviceGetCurrentClocksEventReasons, field values of
    performance policies; AMD SMI, clock information. An event is 1 while it holds: gpu_idle and
    applications_clocks are no faults, sw_power_cap is usual under load; hw_slowdown, hw_thermal and
    hw_power_brake mean too much heat or too little power; AMD's hold since the reading before.
    Those that a GPU can't tell are absent. Times also hold what happened between two readings.
    """

    QUANTITIES = {
        "clock": of_gpu("clock_hertz", "Frequency of a clock.", "clock"),
        "fastest": of_gpu("clock_max_hertz", "Highest frequency of a clock.", "clock"),
        "event": of_gpu("clocks_event", "1 while this sets the clocks, else 0.", "reason"),
        "held": of_gpu(
            "throttled_seconds_total",
            "Time in which clocks were held back for a reason, since the driver was loaded.",
            "reason",
            declare=counter,
        ),
        "state": of_gpu("performance_state", "P-state: 0 is the fastest, 15 the slowest."),
    }

    def ask(self, gpu: Any) -> Answer | list[Told]:
        return gpu.clocks()  # type: ignore[no-any-return]


class GPUFans(GPUSensor):
    """Fans of GPUs; those of servers are cooled by the chassis, and have none.

    Source: NVML, nvmlDeviceGetFanSpeed_v2: what the fan was told to do, also where it is blocked;
    AMD SMI, fan speed.
    """

    Options: ClassVar[type[SensorOptions]] = CalmSensorOptions

    QUANTITIES = {
        "speed": of_gpu("fan_speed_ratio", "Share of the fan's highest speed; may exceed 1.", "fan")
    }

    def ask(self, gpu: Any) -> Answer | list[Told]:
        return gpu.fans()  # type: ignore[no-any-return]
