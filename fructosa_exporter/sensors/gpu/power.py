"""GPUs: temperatures, power, clocks and fans."""

from typing import Any, ClassVar

from fructosa_exporter.gpus.quantities import Columns, QuantityValues
from fructosa_exporter.metrics import counter
from fructosa_exporter.sensor import CalmSensorOptions, SensorOptions

from .gpu_sensor import GPUSensor, gpu_metric


class GPUTemperature(GPUSensor):
    """Temperatures of GPUs and their memory, and the thresholds for slowdown and shutdown.

    Source: NVML, nvmlDeviceGetTemperature, its thresholds and nvmlDeviceGetMarginTemperature;
    AMD SMI, temperature metrics. For AMD, the temperature is that of the hotspot, or of the edge if
    the GPU has no hotspot sensor.
    """

    QUANTITIES = {
        "gpu": gpu_metric("temperature_celsius", "Temperature of the GPU."),
        "memory": gpu_metric("memory_temperature_celsius", "Temperature of the GPU's memory."),
        "margin": gpu_metric(
            "temperature_margin_celsius", "Difference to the temperature where the GPU slows down."
        ),
        "threshold": gpu_metric(
            "temperature_threshold_celsius", "Temperature of the threshold.", "threshold"
        ),
    }

    def query(self, gpu: Any) -> QuantityValues | list[Columns]:
        return gpu.temperature()  # type: ignore[no-any-return]


class GPUPower(GPUSensor):
    """Power draw of GPUs, their power limit, and the energy they have used.

    Source: NVML, nvmlDeviceGetPowerUsage, nvmlDeviceGetEnforcedPowerLimit and the energy counter
    (since Volta); AMD SMI, power and energy. On most NVIDIA GPUs since Ampere, the power is the
    average over one second; on A100 and older GPUs, it is instantaneous. On the MI250, one of two
    dies has the power of both; the other has none.
    """

    QUANTITIES = {
        "draw": gpu_metric("power_watts", "Power draw of the GPU, including its memory."),
        "limit": gpu_metric("power_limit_watts", "Power limit of the GPU."),
        "energy": gpu_metric(
            "energy_joules_total", "Energy used since the driver was loaded.", declare=counter
        ),
    }

    def query(self, gpu: Any) -> QuantityValues | list[Columns]:
        return gpu.power()  # type: ignore[no-any-return]


class GPUClocks(GPUSensor):
    """Clocks of GPUs, the reasons that limit them, and for how long.

    Source: NVML, nvmlDeviceGetClockInfo, nvmlDeviceGetCurrentClocksEventReasons, field values of
    performance policies; AMD SMI, clock information. An event is 1 while it is active. gpu_idle and
    applications_clocks are not faults, and sw_power_cap is usual under load. hw_slowdown,
    hw_thermal and hw_power_brake mean too much heat or too little power. AMD's events cover the
    time since the previous reading. Events that a GPU does not support are absent. Times include
    events between two readings.
    """

    QUANTITIES = {
        "clock": gpu_metric("clock_hertz", "Current frequency of the clock.", "clock"),
        "fastest": gpu_metric("clock_max_hertz", "Highest frequency of the clock.", "clock"),
        "event": gpu_metric(
            "clocks_event", "1 while the reason determines the clocks, else 0.", "reason"
        ),
        "throttled": gpu_metric(
            "throttled_seconds_total",
            "Time that clocks were throttled for the reason since the driver was loaded.",
            "reason",
            declare=counter,
        ),
        "state": gpu_metric(
            "performance_state", "Performance state (P-state); 0 is the fastest, 15 the slowest."
        ),
    }

    def query(self, gpu: Any) -> QuantityValues | list[Columns]:
        return gpu.clocks()  # type: ignore[no-any-return]


class GPUFans(GPUSensor):
    """Speed of the fans of GPUs; most GPUs for servers have no fans of their own.

    Source: NVML, nvmlDeviceGetFanSpeed_v2, which is the intended speed, even if the fan is blocked;
    AMD SMI, fan speed.
    """

    Options: ClassVar[type[SensorOptions]] = CalmSensorOptions

    QUANTITIES = {
        "speed": gpu_metric(
            "fan_speed_ratio", "Speed as a share of the fan's maximum; may exceed 1.", "fan"
        )
    }

    def query(self, gpu: Any) -> QuantityValues | list[Columns]:
        return gpu.fans()  # type: ignore[no-any-return]
