"""GPUs: their errors."""

from collections.abc import Sequence
from typing import Any, ClassVar

from fructosa_exporter.gpus.driver import Labels
from fructosa_exporter.gpus.quantities import Columns, QuantityValues, columns
from fructosa_exporter.metrics import counter
from fructosa_exporter.sensor import CalmSensorOptions, SensorOptions

from .gpu_sensor import GPUSensor, gpu_metric


class GPUErrors(GPUSensor):
    """Errors of GPUs: ECC errors, retired pages, remapped rows, Xids, and the recovery action.

    Source: NVML, field values and events; AMD SMI, ECC counts. ECC errors are counted since the
    driver was loaded, and over the lifetime of the board. Xids are counted from the sensor's first
    reading on; earlier ones are in the kernel's log. The Xids of a GPU that is lost are still
    exposed. The recovery action is 0 for none, 1 to reset the GPU, 2 to restart the node, 3 to
    drain its peers, 4 to drain and reset. Newer drivers have more (nvml.h,
    nvmlDeviceGpuRecoveryAction_t).
    """

    Options: ClassVar[type[SensorOptions]] = CalmSensorOptions

    QUANTITIES = {
        "ecc_enabled": gpu_metric(
            "ecc_enabled",
            "1 if ECC is enabled for the memory, else 0.",
            without_panel="a setting; errors are counted if it is on",
        ),
        "ecc": gpu_metric(
            "ecc_errors_total",
            "ECC errors since the driver was loaded.",
            "kind",
            declare=counter,
        ),
        "ecc_lifetime": gpu_metric(
            "ecc_lifetime_errors_total",
            "ECC errors over the lifetime of the board.",
            "kind",
            declare=counter,
        ),
        "retired_pages": gpu_metric(
            "retired_pages", "Memory pages retired because of errors.", "kind"
        ),
        "retired_pages_pending": gpu_metric(
            "retired_pages_pending",
            "1 if pages are to be retired at the next reset, else 0.",
        ),
        "remapped_rows": gpu_metric(
            "remapped_rows", "Memory rows replaced by spare rows because of errors.", "kind"
        ),
        "remapped_rows_pending": gpu_metric(
            "remapped_rows_pending",
            "1 if rows are to be remapped at the next reset, else 0.",
        ),
        "remapped_rows_failed": gpu_metric(
            "remapped_rows_failed", "1 if remapping failed for lack of spare rows, else 0."
        ),
        "recovery_action": gpu_metric(
            "recovery_action", "Recovery action that the driver recommends; 0 is none."
        ),
        "xids": gpu_metric("xids_total", "Errors reported by the driver (Xids).", declare=counter),
        "xid": gpu_metric(
            "xid_errors_total",
            "Errors reported by the driver, by Xid.",
            "xid",
            declare=counter,
        ),
        "last_xid": gpu_metric("last_xid", "Xid of the last error reported by the driver."),
    }

    def query(self, gpu: Any) -> QuantityValues | list[Columns]:
        return gpu.errors()  # type: ignore[no-any-return]

    def query_all(self) -> Sequence[tuple[Labels, list[Columns]]]:
        # Events of a GPU that is lost are exposed too: they may be the reason.
        results = dict(self.read.query_each(self.name, self.query))
        return [
            (gpu, [*columns(results.get(gpu, {})), *columns(events)])
            for gpu, events in self.read.events(self.name)
        ]
