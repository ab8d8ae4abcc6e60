"""A node with GPUs whose indexes and device files are in different orders, and its pages."""

from fructosa_bridge.job_gpus.job_devices import JobDevices
from fructosa_bridge.job_gpus.machine_page import GPUFigures, machine_figures
from fructosa_bridge.jobs.ledger import JobLedger
from fructosa_bridge.jobs.page import JobPageParser

from ..jobs.known_jobs import T0, record
from ..jobs.pages import INSTANCE, page, reading, text_of

MINORS = (2, 3, 0, 1)
UUIDS = ("GPU-a", "GPU-b", "GPU-c", "GPU-d")
BY_NVML, BY_MINOR = UUIDS, ("GPU-c", "GPU-d", "GPU-a", "GPU-b")


def four_gpus(minors=MINORS):
    """Return the GPUs of the node."""
    return [GPUFigures(uuid, at, minors[at]) for at, uuid in enumerate(UUIDS)]


def lines_of(gpus=(), energy_joules=None):
    """Return the lines of a page, as lagent writes them."""
    lines = []
    for gpu in gpus:
        labels = f'uuid="{gpu.uuid}"'
        more = {"index": gpu.number, "minor": gpu.minor, "mig": 1 if gpu.is_divided else None}
        shown = [f'{name}="{value}"' for name, value in more.items() if value is not None]
        lines.append(f"fructosa_slurm_gpu_info{{{','.join([labels, *shown])}}} 1")
        for name, value in (("busy_seconds", gpu.busy_s), ("energy_joules", gpu.energy_joules)):
            if value is not None:
                lines.append(f"fructosa_slurm_gpu_{name}_total{{{labels}}} {value!r}")
    if energy_joules is not None:
        lines.append(f"fructosa_slurm_node_energy_joules_total {energy_joules!r}")
    return "".join(f"{line}\n" for line in lines)


class SmallNode:
    """A node n1 that is read each 30 s: its GPUs are busy by share, and use power in watts."""

    def __init__(self, order="auto", minors=MINORS, ledger=None):
        self.ledger = ledger or JobLedger("c1")
        self.devices = JobDevices(order)
        self.now_s = float(T0)
        self.busy = dict.fromkeys(UUIDS, 0.0)
        self.watts = dict.fromkeys(UUIDS, 100.0)
        self.node_watts = 400.0
        self.instance = INSTANCE
        self._minors = minors
        self._seconds = 0.0
        self._busy_s = dict.fromkeys(UUIDS, 0.0)
        self._joules = dict.fromkeys(UUIDS, 1e6)
        self._node_joules = 0.0
        self._parser = JobPageParser()
        self.is_divided = False
        self.counts_busy = True

    def slurm(self, *records, gpus=None):
        """Let Slurm list jobs, with their GPUs by index."""
        self.ledger.see_jobs(list(records), self.now_s)
        by_job = {str(job_id): {"n1": use} for job_id, use in (gpus or {}).items()}
        self.devices.see_allotments(by_job, self.ledger.current, self.ledger.runs)

    def advance(self, seconds=30.0):
        """Let time pass."""
        self.now_s += seconds
        for uuid in UUIDS:
            self._busy_s[uuid] += self.busy[uuid] * seconds
            self._joules[uuid] += self.watts[uuid] * seconds
        if self.node_watts is not None:
            self._node_joules += self.node_watts * seconds

    def restart_agent(self):
        """Let lagent begin anew: its busy seconds and the energy of processors do too."""
        self.instance = "fedcba9876543210"
        self._busy_s = dict.fromkeys(UUIDS, 0.0)
        self._node_joules = 0.0

    def fetch(self, *readings, node="n1"):
        """Let the page of the node be read."""
        gpus = [
            GPUFigures(
                uuid,
                at,
                self._minors[at],
                self.is_divided,
                self._busy_s[uuid] if self.counts_busy else None,
                self._joules[uuid],
            )
            for at, uuid in enumerate(UUIDS)
        ]
        joules = None if self.node_watts is None else self._node_joules
        text = text_of(page(*readings, instance=self.instance)) + lines_of(gpus, joules)
        parsed = self._parser.parse(text)
        self.ledger.see_page(node, parsed, self.now_s)
        parts = self.ledger.parts_on(node)
        self.devices.see_page(node, parsed, machine_figures(text), parts, self.now_s)

    def job(self, job_id=7, cpu_s=0.0, seen=(), start_s=T0, **values):
        """Return a reading of a job that runs since *start_s*, with processes on GPUs."""
        return reading(
            job_id,
            cpu_s=cpu_s,
            age_s=self.now_s - start_s,
            reading_age_s=0.0,
            gpus=tuple((uuid, 1.0) for uuid in seen),
            **values,
        )

    def run_for(self, pages, *jobs):
        """Let the node be read so often; a job is its id, its CPUs in use, and GPUs seen."""
        for _ in range(pages):
            self.advance()
            age_s = self.now_s - T0
            self.fetch(*(self.job(one, cpus * age_s, seen) for one, cpus, seen in jobs))

    def use_of(self, job_id=7):
        """Return the GPUs and the energy of a job."""
        return self.devices.figures(self.ledger.current(str(job_id)))


def gpu_job(job_id=7, gpus=2, **fields):
    """Return the record of a job with GPUs."""
    return record(job_id, tres_per_node=f"gres:gpu:{gpus}", **fields)
