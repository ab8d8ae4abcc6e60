"""What the sensors of GPUs share."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, ClassVar

from fructosa_exporter.errors import SensorUnavailable
from fructosa_exporter.gpus.all_vendors import AllVendors
from fructosa_exporter.gpus.amd.library import AMDSMI
from fructosa_exporter.gpus.driver import Driver, DriverError, Labels
from fructosa_exporter.gpus.nvidia.library import NVML
from fructosa_exporter.gpus.quantities import Columns, Quantities, QuantityValues, columns
from fructosa_exporter.metrics import Key, Metric, Rows, Sample, gauge
from fructosa_exporter.sensor import Sensor, SensorOptions


def gpu_metric(
    name: str,
    help: str,  # noqa: A002
    *labels: str,
    declare: Callable[..., Metric] = gauge,
) -> Metric:
    """Declare a metric of a GPU: its labels begin with the GPU's index and UUID."""
    return declare(f"fructosa_gpu_{name}", help, "gpu", "uuid", *labels)


GPUS = AllVendors(Driver(NVML()), Driver(AMDSMI()))


class GPUSensor(Sensor):
    """A subject that GPUs are asked for. A subclass declares what each quantity means."""

    slowness: ClassVar[int] = 1
    cost: ClassVar[str] = "calls into the driver, some 10 to 100 us each"
    QUANTITIES: ClassVar[Mapping[str, Metric]]

    read: AllVendors = GPUS

    def __init__(
        self, options: SensorOptions | None = None, read: Callable[..., Any] | None = None
    ) -> None:
        super().__init__(options, read)
        self._told: list[tuple[Labels, list[Quantities]]] = []
        self._keys: list[Key] = []

    def query(self, gpu: Any) -> QuantityValues | list[Columns]:
        """Return what a GPU answers: quantities, with their labels, that it knows.

        Raises: GPULost, DriverError.
        """
        raise NotImplementedError

    def query_all(self) -> Sequence[tuple[Labels, QuantityValues | list[Columns]]]:
        """Return what each GPU tells. Raises: as ``AllVendors.query_each``."""
        return self.read.query_each(self.name, self.query)

    def samples(self) -> Iterable[Sample | Rows]:
        answers = self.query_all()
        if not answers:
            raise DriverError("no GPU answers")
        each = [(gpu, columns(answer)) for gpu, answer in answers]
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
