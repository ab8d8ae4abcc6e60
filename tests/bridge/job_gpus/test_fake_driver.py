"""From the fake driver of NVIDIA to the GPUs of a job: lagent's page as lmaster reads it.

Minor numbers of the fake driver are not in the order of its indexes.
"""

import pytest

from fructosa_bridge.job_gpus.job_devices import NOT_GIVEN, JobDevices
from fructosa_bridge.job_gpus.machine_page import machine_figures
from fructosa_bridge.jobs.ledger import JobLedger
from fructosa_bridge.jobs.page import JobPageParser
from fructosa_exporter.page.jobs_page import jobs_page
from fructosa_exporter.sensors.machine_totals import MachineReader
from fructosa_exporter.sensors.slurm_jobs import SlurmJobs
from tests.exporter.conftest import loaded, node
from tests.exporter.recorded import kernel
from tests.nvml.driver import Process

from ..jobs.known_jobs import T0
from ..slurm_output.test_gpu_indexes import use
from .small_node import gpu_job

__all__ = ["loaded", "node"]

# The recorded node has job 24, with the process 1560.
JOB, PID, BEGAN_S = 24, 1560, T0 - 1000


class Lab:
    """An lmaster that reads the page of a node with the fake driver, each 30 s."""

    def __init__(self, node, order):
        self.node = node
        self.sensor = SlurmJobs(read=kernel("slurm_jobs"), gpus=node.machine)
        self.sensor._machine = MachineReader(
            "SlurmJobs", node.machine, self.sensor.read, node.clock
        )
        self.ledger, self.devices = JobLedger("c1"), JobDevices(order)
        self.parser, self.now_s = JobPageParser(), float(BEGAN_S)

    def fetch(self):
        """Let the page be read."""
        self.sensor.look()
        text = jobs_page(*self.sensor.known(), self.sensor.machine)
        page = self.parser.parse(text)
        age_s = self.now_s - BEGAN_S
        page = page._replace(readings=[one._replace(age_s=age_s) for one in page.readings])
        self.ledger.see_page("n1", page, self.now_s)
        parts = self.ledger.parts_on("n1")
        self.devices.see_page("n1", page, machine_figures(text), parts, self.now_s)

    def run(self, *indexes):
        """Let the job have the GPUs with these indexes for half an hour; return its use."""
        self.fetch()
        self.ledger.see_jobs([gpu_job(JOB, len(indexes), start_s=BEGAN_S)], self.now_s)
        told = {str(JOB): {"n1": use(*indexes)}}
        self.devices.see_allotments(told, self.ledger.current, self.ledger.runs)
        for _ in range(60):
            self.now_s += 30
            self.node.advance(30)
            self.fetch()
        return self.devices.figures(self.ledger.current(str(JOB)))


@pytest.fixture
def with_job(node):
    """Return a lab in which the job has a process on the GPU with an index of NVML."""

    def make(number, order="auto"):
        for gpu in node.gpus:
            gpu.computing = []
        node.gpus[number].computing = [Process(PID, 2**30)]
        node.update_driver()
        return Lab(node, order)

    return make


# Slurm's index 1 is NVML's GPU 1, or /dev/nvidia1, which is NVML's GPU 3.
@pytest.mark.parametrize("order", ["auto", "nvml", "minor"])
@pytest.mark.parametrize(("number", "true_order"), [(1, "nvml"), (3, "minor")])
def test_a_process_confirms_or_contradicts_the_order(with_job, number, true_order, order):
    """auto finds it out."""
    lab = with_job(number, order)
    uuid = lab.node.gpus[number].uuid

    found = lab.run(1)

    if order in ("auto", true_order):
        assert ((uuid,), 0) == (found.uuids, lab.devices.contradictions)
        assert 1800 * (0.9 + number / 100) == pytest.approx(found.busy_s)
    else:
        assert (None, 1) == (found.busy_s, lab.devices.contradictions)
        assert NOT_GIVEN.format(uuid=uuid, node="n1") in found.notes


def test_idle_gpus_of_a_job_are_its_own(with_job):
    """One process tells the order, and thereby all of them."""
    lab = with_job(3)

    found = lab.run(0, 1)

    # /dev/nvidia0 is NVML's GPU 6.
    assert {lab.node.gpus[6].uuid, lab.node.gpus[3].uuid} == set(found.uuids)
