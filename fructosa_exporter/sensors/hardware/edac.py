"""Errors of the memory: those that were corrected, and those that could not be."""

import re
from collections.abc import Iterator

from fructosa_exporter.errors import SensorUnavailable
from fructosa_exporter.kernel import Kernel
from fructosa_exporter.metrics import Metric, Sample, counter, info
from fructosa_exporter.sensor import Sensor, SlowSensorOptions

_CONTROLLERS = "/sys/devices/system/edac/mc"
_CONTROLLER = re.compile(r"mc[0-9]+")
_DIMM = re.compile(r"(dimm|rank)[0-9]+")
_ROW = re.compile(r"csrow[0-9]+")
_CHANNEL = re.compile(r"(ch[0-9]+)_ce_count")


class EDAC(Sensor):
    """Memory errors, corrected or not, by memory controller and by DIMM.

    Source: /sys/devices/system/edac/mc. Counts begin when the driver is loaded. A DIMM is
    called as its folder is, dimm0 or rank0, which is unique within its controller; its label,
    which somebody may have set to anything, and its location are facts beside it. Errors whose
    DIMM is not known count for the controller only. Kernels before 4.10 count by rows of chips
    (csrow0) and, where errors are corrected, by channels (csrow0/ch1).
    """

    Options = SlowSensorOptions

    CONTROLLER = {
        "ce_count": counter(
            "fructosa_edac_corrected_errors_total", "Errors corrected.", "controller"
        ),
        "ue_count": counter(
            "fructosa_edac_uncorrected_errors_total",
            "Errors that could not be corrected.",
            "controller",
        ),
        "ce_noinfo_count": counter(
            "fructosa_edac_corrected_unlocated_errors_total",
            "Errors corrected whose DIMM is not known.",
            "controller",
        ),
        "ue_noinfo_count": counter(
            "fructosa_edac_uncorrected_unlocated_errors_total",
            "Errors that could not be corrected and whose DIMM is not known.",
            "controller",
        ),
    }
    CORRECTED = counter(
        "fructosa_edac_dimm_corrected_errors_total",
        "Errors corrected on the DIMM.",
        "controller",
        "dimm",
    )
    UNCORRECTED = counter(
        "fructosa_edac_dimm_uncorrected_errors_total",
        "Errors on the DIMM that could not be corrected.",
        "controller",
        "dimm",
    )
    DIMM = info(
        "fructosa_edac_dimm_info",
        "How a DIMM is labelled, and where it is.",
        "controller",
        "dimm",
        "label",
        "location",
    )

    read: Kernel = Kernel()

    def samples(self) -> Iterator[Sample]:
        controllers = list(filter(_CONTROLLER.fullmatch, self.read.names(_CONTROLLERS)))
        if not controllers:
            raise SensorUnavailable("no EDAC driver watches the memory")
        for controller in controllers:
            folder = f"{_CONTROLLERS}/{controller}"
            for file, metric in self.CONTROLLER.items():
                yield from self._count(metric, f"{folder}/{file}", controller)
            names = self.read.names(folder)
            dimms = list(self._dimms(controller, filter(_DIMM.fullmatch, names)))
            yield from dimms or self._rows(controller, filter(_ROW.fullmatch, names))

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
            # The row's own count is the sum of its channels'.
            yield from channels or self._count(
                self.CORRECTED, f"{folder}/ce_count", controller, row
            )
            yield from self._count(self.UNCORRECTED, f"{folder}/ue_count", controller, row)

    def _count(self, metric: Metric, path: str, *labels: str) -> Iterator[Sample]:
        """Yield the count in the file at *path*, if there is one."""
        count = self.read.count(path)
        if count is not None:
            yield metric.sample(count, *labels)
