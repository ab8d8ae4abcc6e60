"""GPUs: heat, power, clocks and fans."""

from typing import Any, ClassVar

from fructosa_exporter.gpus.quantities import Columns, QuantityValues
from fructosa_exporter.metrics import counter
from fructosa_exporter.sensor import CalmSensorOptions, SensorOptions

from .gpu_sensor import GPUSensor, gpu_metric


class GPUTemperature(GPUSensor):
    """Temperatures of GPUs and their memory, and those at which they slow or shut down.

    Source: NVML, nvmlDeviceGetTemperature, its thresholds and nvmlDeviceGetMarginTemperature;
    AMD SMI, temperature metrics. AMD's is that of the hottest spot.
    """

    QUANTITIES = {
        "gpu": gpu_metric("temperature_celsius", "Temperature of the GPU."),
        "memory": gpu_metric("memory_temperature_celsius", "Temperature of the GPU's memory."),
        "margin": gpu_metric(
            "temperature_margin_celsius", "Degrees that are left until the GPU slows down."
        ),
        "threshold": gpu_metric(
            "temperature_threshold_celsius", "Temperature at which something happens.", "threshold"
        ),
    }

    def query(self, gpu: Any) -> QuantityValues | list[Columns]:
        return gpu.temperature()  # type: ignore[no-any-return]


class GPUPower(GPUSensor):
    """Power that GPUs draw, the limit that they are held to, and the energy they have used.

    Source: NVML, nvmlDeviceGetPowerUsage, nvmlDeviceGetEnforcedPowerLimit and the energy counter
    (from Volta on); AMD SMI, power and energy. On most of NVIDIA's GPUs since Ampere power is the
    average of one second, on A100 and before it is that of the moment.
    """

    QUANTITIES = {
        "draw": gpu_metric("power_watts", "Power that the GPU with its memory draws."),
        "limit": gpu_metric("power_limit_watts", "Power that the GPU is held to."),
        "energy": gpu_metric(
            "energy_joules_total", "Energy used since the driver was loaded.", declare=counter
        ),
    }

    def query(self, gpu: Any) -> QuantityValues | list[Columns]:
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
        "clock": gpu_metric("clock_hertz", "Frequency of a clock.", "clock"),
        "fastest": gpu_metric("clock_max_hertz", "Highest frequency of a clock.", "clock"),
        "event": gpu_metric("clocks_event", "1 while this sets the clocks, else 0.", "reason"),
        "held": gpu_metric(
            "throttled_seconds_total",
            "Time in which clocks were held back for a reason, since the driver was loaded.",
            "reason",
            declare=counter,
        ),
        "state": gpu_metric("performance_state", "P-state: 0 is the fastest, 15 the slowest."),
    }

    def query(self, gpu: Any) -> QuantityValues | list[Columns]:
        return gpu.clocks()  # type: ignore[no-any-return]


class GPUFans(GPUSensor):
    """Fans of GPUs; those of servers are cooled by the chassis, and have none.

    Source: NVML, nvmlDeviceGetFanSpeed_v2: what the fan was told to do, also where it is blocked;
    AMD SMI, fan speed.
    """

    Options: ClassVar[type[SensorOptions]] = CalmSensorOptions

    QUANTITIES = {
        "speed": gpu_metric(
            "fan_speed_ratio", "Share of the fan's highest speed; may exceed 1.", "fan"
        )
    }

    def query(self, gpu: Any) -> QuantityValues | list[Columns]:
        return gpu.fans()  # type: ignore[no-any-return]
