"""GPUs: what connects them to the node, and to each other."""

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
        "Also measure rates: NVIDIA's driver takes 40 ms a GPU for it, in which the sensor waits.",
    )


class GPUPcie(GPUSensor):
    """PCIe of GPUs: bytes, replays, and the link's generation and width.

    Source: NVML, field values (bytes from Hopper on, by newer drivers, and replays) and
    nvmlDeviceGetCurrPcieLinkGeneration; with the option nvmlDeviceGetPcieThroughput, which
    measures for 20 ms in each direction; AMD SMI, PCIe information. An idle GPU lowers the
    generation to save power: below the maximum is a fault only under load. A width below the
    maximum is a bad slot, riser or contact. Counts of bytes may begin anew, says nvml.h.
    """

    Options: ClassVar[type[SensorOptions]] = GPUPcieOptions
    options: GPUPcieOptions

    QUANTITIES = {
        "transmit": gpu_metric(
            "pcie_transmit_bytes_total", "Bytes that the GPU sent.", declare=counter
        ),
        "receive": gpu_metric(
            "pcie_receive_bytes_total", "Bytes that the GPU received.", declare=counter
        ),
        "replays": gpu_metric(
            "pcie_replays_total", "Packets that were sent again for an error.", declare=counter
        ),
        "generation": gpu_metric("pcie_link_generation", "PCIe generation that the link has now."),
        "generation_max": gpu_metric(
            "pcie_link_generation_max", "Highest generation of GPU and slot."
        ),
        "lanes": gpu_metric("pcie_link_lanes", "Lanes that the link has now."),
        "lanes_max": gpu_metric("pcie_link_lanes_max", "Most lanes of GPU and slot."),
        "transmit_rate": gpu_metric(
            "pcie_transmit_bytes_per_second", "Rate at which the GPU sent, over 20 ms."
        ),
        "receive_rate": gpu_metric(
            "pcie_receive_bytes_per_second", "Rate at which the GPU received, over 20 ms."
        ),
    }

    def query(self, gpu: Any) -> QuantityValues | list[Columns]:
        return gpu.pcie(self.options.rates)  # type: ignore[no-any-return]


@dataclass(frozen=True, kw_only=True)
class GPUNVLinkOptions(SensorOptions):
    """Read seldom: eighteen links a GPU are many samples."""

    time_interval: float = time_interval(10)


class GPUNVLink(GPUSensor):
    """NVLink: state, bytes and errors of each link.

    Source: NVML, field values NVLINK_THROUGHPUT_DATA, NVLINK_ERROR and NVLINK_GET_STATE, from
    Blackwell on NVLINK_COUNT; AMD SMI tells none. Links that are not connected are down. Errors
    are replay, recovery and crc up to Hopper; receive, recovery, recovery_failed and symbol since.
    """

    Options: ClassVar[type[SensorOptions]] = GPUNVLinkOptions
    cost: ClassVar[str] = "one call a GPU; some 100 samples a GPU of 18 links"

    QUANTITIES = {
        "up": gpu_metric("nvlink_up", "1 while the link is active, else 0.", "link"),
        "transmit": gpu_metric(
            "nvlink_transmit_bytes_total", "Bytes of data sent.", "link", declare=counter
        ),
        "receive": gpu_metric(
            "nvlink_receive_bytes_total", "Bytes of data received.", "link", declare=counter
        ),
        "errors": gpu_metric(
            "nvlink_errors_total", "Errors of the link.", "link", "error", declare=counter
        ),
    }

    def query(self, gpu: Any) -> QuantityValues | list[Columns]:
        return gpu.nvlink()  # type: ignore[no-any-return]
