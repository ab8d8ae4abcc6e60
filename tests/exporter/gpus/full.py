"""A machine with a GPU that tells all there is, whatever its vendor."""

from fructosa_exporter.gpus.quantities import GPUProcess
from fructosa_exporter.sensors import SENSORS

LABELS = "0", "GPU-0"


class FullGPU:
    """Answers every subject with all *quantities*."""

    def __init__(self, quantities):
        self._answer = {
            (quantity, *metric.labels[2:]): 1 for quantity, metric in quantities.items()
        }

    def __getattr__(self, subject):
        return lambda *_: self._answer

    def processes(self):
        """Return one process, on an instance of MIG."""
        return {"compute": [GPUProcess(2**22 + 1, 1, ("7", "0"))]}

    def serial(self):
        """Return a serial number."""
        return "1234"


class FullMachine:
    """Has one such GPU, which is up and has reported an error."""

    def query_each(self, name, query):
        """Ask it for all that is no event."""
        quantities = SENSORS[name].QUANTITIES
        return [(LABELS, query(FullGPU({k: v for k, v in quantities.items() if "xid" not in k})))]

    def up(self, name):
        """Tell that it is up."""
        return [(LABELS, True)]

    def events(self, name):
        """Tell its errors."""
        return [(LABELS, {("xids",): 1, ("xid", "79"): 1, ("last_xid",): 79})]
