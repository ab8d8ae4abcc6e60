"""A machine with a GPU that supports every quantity of any vendor."""

from fructosa_exporter.gpus.quantities import GPUProcess
from fructosa_exporter.sensors import SENSORS

LABELS = "0", "GPU-0"


class FullGPU:
    """Returns all *quantities* from each method."""

    def __init__(self, quantities):
        self._values = {
            (quantity, *metric.labels[2:]): 1 for quantity, metric in quantities.items()
        }

    def __getattr__(self, subject):
        return lambda *_: self._values

    def processes(self):
        """Return one process, on a MIG instance."""
        return {"compute": [GPUProcess(2**22 + 1, 1, ("7", "0"))]}

    def serial(self):
        """Return a serial number."""
        return "1234"


class FullMachine:
    """Has one such GPU, which is up and has reported an Xid."""

    def query_each(self, name, query):
        """Return all quantities except those of events."""
        quantities = SENSORS[name].QUANTITIES
        return [(LABELS, query(FullGPU({k: v for k, v in quantities.items() if "xid" not in k})))]

    def up(self, name):
        """Return that it is up."""
        return [(LABELS, True)]

    def events(self, name):
        """Return its Xids."""
        return [(LABELS, {("xids",): 1, ("xid", "79"): 1, ("last_xid",): 79})]
