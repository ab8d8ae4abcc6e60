"""The base class of all sensors of GPUs."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, ClassVar

from fructosa_exporter.errors import SensorUnavailable
from fructosa_exporter.gpus.all_vendors import AllVendors
from fructosa_exporter.gpus.amd.amd_smi import AMDSMI
from fructosa_exporter.gpus.driver import Driver, DriverError, Labels
from fructosa_exporter.gpus.nvidia.nvml import NVML
from fructosa_exporter.gpus.quantities import Columns, Quantities, QuantityValues, columns
from fructosa_exporter.metrics import Key, Metric, Rows, Sample, gauge
from fructosa_exporter.sensor import Sensor, SensorOptions

NOTHING_SUPPORTED = "no GPU of this node supports any of these metrics"


def gpu_metric(
    name: str,
    help: str,  # noqa: A002
    *labels: str,
    declare: Callable[..., Metric] = gauge,
    without_panel: str = "",
) -> Metric:
    """Declare a metric of a GPU; its first labels are the index and UUID of the GPU."""
    labels = ("gpu", "uuid", *labels)
    return declare(f"fructosa_gpu_{name}", help, *labels, without_panel=without_panel)


GPUS = AllVendors(Driver(NVML()), Driver(AMDSMI()))


class GPUSensor(Sensor):
    """A sensor that queries each GPU. A subclass declares the metric of each quantity."""

    slowness: ClassVar[int] = 1
    cost: ClassVar[str] = "calls into the driver, about 10 to 100 us each"
    QUANTITIES: ClassVar[Mapping[str, Metric]]

    read: AllVendors = GPUS

    def __init__(
        self, options: SensorOptions | None = None, read: Callable[..., Any] | None = None
    ) -> None:
        super().__init__(options, read)
        self._quantities: list[tuple[Labels, list[Quantities]]] = []
        self._keys: list[Key] = []

    def query(self, gpu: Any) -> QuantityValues | list[Columns]:
        """Return the quantities that a GPU supports, with their values.

        Raises: GPULost, DriverError.
        """
        raise NotImplementedError

    def query_all(self) -> Sequence[tuple[Labels, QuantityValues | list[Columns]]]:
        """Return the quantities of each GPU. Raises: as ``AllVendors.query_each``."""
        return self.read.query_each(self.name, self.query)

    def samples(self) -> Iterable[Sample | Rows]:
        results = self.query_all()
        if not results:
            raise DriverError("no GPU responds")
        each = [(gpu, columns(result)) for gpu, result in results]
        quantities = [(gpu, [names for names, _ in parts]) for gpu, parts in each]
        if quantities != self._quantities:
            self._quantities, self._keys = quantities, self._series(quantities)
        if not self._keys:
            raise SensorUnavailable(NOTHING_SUPPORTED)
        values: list[float] = []
        for _, parts in each:
            for _, numbers in parts:
                values += numbers
        return [Rows(self._keys, values)]

    def _series(self, quantities: list[tuple[Labels, list[Quantities]]]) -> list[Key]:
        """Return the keys of the series; they are cached while the quantities stay the same."""
        return [
            self.QUANTITIES[name].sample(0, *gpu, *labels)[:2]
            for gpu, parts in quantities
            for names in parts
            for name, *labels in names
        ]
