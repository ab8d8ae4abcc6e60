"""GPUs: PCIe and NVLink."""

from dataclasses import dataclass
from typing import Any, ClassVar

from fructosa_exporter.gpus.quantities import Columns, QuantityValues
from fructosa_exporter.metrics import counter
from fructosa_exporter.sensor import CalmSensorOptions, SensorOptions, time_interval
from fructosa_service.config.kinds import YES_NO
from fructosa_service.config.settings import option

from .gpu_sensor import GPUSensor, gpu_metric


@dataclass(frozen=True, kw_only=True)
class GPUPcieOptions(CalmSensorOptions):
    """Whether rates are measured."""

    rates: bool = option(
        YES_NO,
        False,
        "Also measure rates, for which NVIDIA's driver blocks the sensor for 40 ms per GPU.",
    )


class GPUPcie(GPUSensor):
    """PCIe traffic, replays, generation and width of the links of GPUs.

    Source: NVML, field values (replays; bytes since Hopper with newer drivers) and
    nvmlDeviceGetCurrPcieLinkGeneration; with the option rates, nvmlDeviceGetPcieThroughput, which
    measures for 20 ms in each direction; AMD SMI, PCIe information. An idle GPU lowers the
    generation to save power, so a generation below the maximum is a fault only under load. A width
    below the maximum points to a bad slot, riser or contact. According to nvml.h, byte counters may
    be reset.
    """

    Options: ClassVar[type[SensorOptions]] = GPUPcieOptions
    options: GPUPcieOptions

    QUANTITIES = {
        "transmit": gpu_metric(
            "pcie_transmit_bytes_total", "Bytes sent by the GPU over PCIe.", declare=counter
        ),
        "receive": gpu_metric(
            "pcie_receive_bytes_total", "Bytes received by the GPU over PCIe.", declare=counter
        ),
        "replays": gpu_metric(
            "pcie_replays_total", "PCIe packets sent again because of an error.", declare=counter
        ),
        "generation": gpu_metric("pcie_link_generation", "Current PCIe generation of the link."),
        "generation_max": gpu_metric(
            "pcie_link_generation_max", "Highest PCIe generation that GPU and slot support."
        ),
        "lanes": gpu_metric("pcie_link_lanes", "Current number of PCIe lanes of the link."),
        "lanes_max": gpu_metric(
            "pcie_link_lanes_max", "Highest number of PCIe lanes that GPU and slot support."
        ),
        "transmit_rate": gpu_metric(
            "pcie_transmit_bytes_per_second",
            "Rate at which the GPU sent over PCIe, measured for 20 ms.",
            without_panel="measured on request only",
        ),
        "receive_rate": gpu_metric(
            "pcie_receive_bytes_per_second",
            "Rate at which the GPU received over PCIe, measured for 20 ms.",
            without_panel="measured on request only",
        ),
    }

    def query(self, gpu: Any) -> QuantityValues | list[Columns]:
        return gpu.pcie(self.options.rates)  # type: ignore[no-any-return]


@dataclass(frozen=True, kw_only=True)
class GPUNVLinkOptions(SensorOptions):
    """Read less often, because 18 links per GPU make many samples."""

    time_interval: float = time_interval(10)


class GPUNVLink(GPUSensor):
    """NVLink: state, bytes and errors of each link.

    Source: NVML, field values NVLINK_THROUGHPUT_DATA, NVLINK_ERROR and NVLINK_GET_STATE, since
    Blackwell NVLINK_COUNT. AMD SMI has none of it. Links that are not connected are exposed as
    down. The errors are replay, recovery and crc up to Hopper, and receive, recovery,
    recovery_failed and symbol since Blackwell.
    """

    Options: ClassVar[type[SensorOptions]] = GPUNVLinkOptions
    cost: ClassVar[str] = "one call per GPU; about 100 samples for a GPU with 18 links"

    QUANTITIES = {
        "up": gpu_metric("nvlink_up", "1 if the NVLink is active, else 0.", "link"),
        "transmit": gpu_metric(
            "nvlink_transmit_bytes_total",
            "Bytes of data sent over the NVLink.",
            "link",
            declare=counter,
        ),
        "receive": gpu_metric(
            "nvlink_receive_bytes_total",
            "Bytes of data received over the NVLink.",
            "link",
            declare=counter,
        ),
        "errors": gpu_metric(
            "nvlink_errors_total", "Errors of the NVLink.", "link", "error", declare=counter
        ),
    }

    def query(self, gpu: Any) -> QuantityValues | list[Columns]:
        return gpu.nvlink()  # type: ignore[no-any-return]
