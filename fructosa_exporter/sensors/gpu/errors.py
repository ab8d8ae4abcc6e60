"""GPUs: what is wrong with them."""

from collections.abc import Sequence
from typing import Any, ClassVar

from fructosa_exporter.gpus.driver import Labels
from fructosa_exporter.gpus.quantities import Columns, QuantityValues, columns
from fructosa_exporter.metrics import counter
from fructosa_exporter.sensor import CalmSensorOptions, SensorOptions

from .gpu_sensor import GPUSensor, gpu_metric


class GPUErrors(GPUSensor):
    """Errors of GPUs: ECC, retired pages, remapped rows, Xids, and what the driver asks for.

    Source: NVML, field values and events; AMD SMI, ECC counts. ECC errors are counted since the
    driver was loaded, and over the life of the board. Xids are counted from the sensor's first
    reading on; those before it are in the kernel's log. A GPU that is lost keeps telling its Xids.
    The recovery action is 0 for none, 1 to reset the GPU, 2 to restart the node, 3 to drain its
    peers, 4 to drain and reset; newer drivers know more (nvml.h, nvmlDeviceGpuRecoveryAction_t).
    """

    Options: ClassVar[type[SensorOptions]] = CalmSensorOptions

    QUANTITIES = {
        "ecc_enabled": gpu_metric("ecc_enabled", "1 if memory corrects errors, else 0."),
        "ecc": gpu_metric(
            "ecc_errors_total",
            "Errors of memory since the driver was loaded.",
            "kind",
            declare=counter,
        ),
        "ecc_lifetime": gpu_metric(
            "ecc_lifetime_errors_total",
            "Errors of memory over the life of the board.",
            "kind",
            declare=counter,
        ),
        "retired_pages": gpu_metric(
            "retired_pages", "Pages of memory taken out of use for their errors.", "kind"
        ),
        "retired_pages_pending": gpu_metric(
            "retired_pages_pending", "1 if pages are retired at the next reset, else 0."
        ),
        "remapped_rows": gpu_metric(
            "remapped_rows", "Rows of memory replaced by spare ones for their errors.", "kind"
        ),
        "remapped_rows_pending": gpu_metric(
            "remapped_rows_pending", "1 if rows are remapped at the next reset, else 0."
        ),
        "remapped_rows_failed": gpu_metric(
            "remapped_rows_failed", "1 if there was no spare row any more, else 0."
        ),
        "recovery_action": gpu_metric("recovery_action", "What the driver asks for; 0 is nothing."),
        "xids": gpu_metric("xids_total", "Errors that the driver has reported.", declare=counter),
        "xid": gpu_metric(
            "xid_errors_total",
            "Errors that the driver has reported, by number.",
            "xid",
            declare=counter,
        ),
        "last_xid": gpu_metric(
            "last_xid", "Number of the last error that the driver has reported."
        ),
    }

    def query(self, gpu: Any) -> QuantityValues | list[Columns]:
        return gpu.errors()  # type: ignore[no-any-return]

    def query_all(self) -> Sequence[tuple[Labels, list[Columns]]]:
        # What is reported of a GPU is told when it is lost by then: it may be why.
        told = dict(self.read.query_each(self.name, self.query))
        return [
            (gpu, [*columns(told.get(gpu, {})), *columns(events)])
            for gpu, events in self.read.events(self.name)
        ]
