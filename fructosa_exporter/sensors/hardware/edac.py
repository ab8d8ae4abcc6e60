"""Corrected and uncorrected memory errors (EDAC)."""

import re
from collections.abc import Iterator

from fructosa_exporter.errors import SensorUnavailable
from fructosa_exporter.kernel import Kernel
from fructosa_exporter.metrics import Metric, Sample, counter, info
from fructosa_exporter.sensor import Sensor, SlowSensorOptions

NO_DRIVER = "no EDAC driver is loaded for a memory controller"

_CONTROLLERS = "/sys/devices/system/edac/mc"
_CONTROLLER = re.compile(r"mc[0-9]+")
_DIMM = re.compile(r"(dimm|rank)[0-9]+")
_ROW = re.compile(r"csrow[0-9]+")
_CHANNEL = re.compile(r"(ch[0-9]+)_ce_count")


class EDAC(Sensor):
    """Corrected and uncorrected memory errors by memory controller and by DIMM.

    Source: /sys/devices/system/edac/mc. Counts begin when the driver is loaded. A DIMM has the
    name of its folder, dimm0 or rank0, which is unique within its controller. Its label, which an
    administrator can set to anything, and its location are labels of fructosa_edac_dimm_info.
    Errors whose DIMM is unknown count only for the controller. Kernels before 4.10 count by chip
    row (csrow0) and, for corrected errors, by channel (csrow0/ch1).
    """

    Options = SlowSensorOptions

    CONTROLLER = {
        "ce_count": counter(
            "fructosa_edac_corrected_errors_total", "Corrected memory errors.", "controller"
        ),
        "ue_count": counter(
            "fructosa_edac_uncorrected_errors_total",
            "Uncorrected memory errors.",
            "controller",
        ),
        "ce_noinfo_count": counter(
            "fructosa_edac_corrected_unlocated_errors_total",
            "Corrected memory errors whose DIMM is unknown.",
            "controller",
        ),
        "ue_noinfo_count": counter(
            "fructosa_edac_uncorrected_unlocated_errors_total",
            "Uncorrected memory errors whose DIMM is unknown.",
            "controller",
        ),
    }
    CORRECTED = counter(
        "fructosa_edac_dimm_corrected_errors_total",
        "Corrected memory errors of the DIMM.",
        "controller",
        "dimm",
    )
    UNCORRECTED = counter(
        "fructosa_edac_dimm_uncorrected_errors_total",
        "Uncorrected memory errors of the DIMM.",
        "controller",
        "dimm",
    )
    DIMM = info(
        "fructosa_edac_dimm_info",
        "Label and location of the DIMM.",
        "controller",
        "dimm",
        "label",
        "location",
    )

    read: Kernel = Kernel()

    def samples(self) -> Iterator[Sample]:
        controllers = list(filter(_CONTROLLER.fullmatch, self.read.names(_CONTROLLERS)))
        if not controllers:
            raise SensorUnavailable(NO_DRIVER)
        for controller in controllers:
            folder = f"{_CONTROLLERS}/{controller}"
            for file, metric in self.CONTROLLER.items():
                yield from self._count(metric, f"{folder}/{file}", controller)
            names = self.read.names(folder)
            dimms = list(self._dimms(controller, filter(_DIMM.fullmatch, names)))
            yield from dimms or self._rows(controller, filter(_ROW.fullmatch, names))

    def node_errors(self) -> tuple[tuple[str, int], ...]:
        """Return the corrected and uncorrected errors of all controllers, as far as known."""
        names = filter(_CONTROLLER.fullmatch, self.read.names(_CONTROLLERS))
        folders = [f"{_CONTROLLERS}/{name}" for name in names]
        found = []
        for kind, file in (("corrected", "ce_count"), ("uncorrected", "ue_count")):
            counts = [self.read.count(f"{folder}/{file}") for folder in folders]
            known = [count for count in counts if count is not None]
            if known:
                found.append((kind, sum(known)))
        return tuple(found)

    def _dimms(self, controller: str, dimms: Iterator[str]) -> Iterator[Sample]:
        for dimm in dimms:
            folder = f"{_CONTROLLERS}/{controller}/{dimm}"
            counts = [
                *self._count(self.CORRECTED, f"{folder}/dimm_ce_count", controller, dimm),
                *self._count(self.UNCORRECTED, f"{folder}/dimm_ue_count", controller, dimm),
            ]
            if counts:
                label = self.read.word(f"{folder}/dimm_label") or ""
                location = self.read.word(f"{folder}/dimm_location") or ""
                yield from counts
                yield self.DIMM.sample(1, controller, dimm, label, location)

    def _rows(self, controller: str, rows: Iterator[str]) -> Iterator[Sample]:
        for row in rows:
            folder = f"{_CONTROLLERS}/{controller}/{row}"
            channels = [
                sample
                for match in filter(None, map(_CHANNEL.fullmatch, self.read.names(folder)))
                for sample in self._count(
                    self.CORRECTED, f"{folder}/{match[0]}", controller, f"{row}/{match[1]}"
                )
            ]
            # The count of the row is the sum of its channels.
            yield from channels or self._count(
                self.CORRECTED, f"{folder}/ce_count", controller, row
            )
            yield from self._count(self.UNCORRECTED, f"{folder}/ue_count", controller, row)

    def _count(self, metric: Metric, path: str, *labels: str) -> Iterator[Sample]:
        """Yield the count in the file at *path*, if there is one."""
        count = self.read.count(path)
        if count is not None:
            yield metric.sample(count, *labels)
