"""The page of Slurm's jobs, over real connections."""

import time
from urllib.parse import quote

import pytest

from fructosa_exporter.collect.collector import Collector
from fructosa_exporter.collect.sensor_reader import SensorReader
from fructosa_exporter.gpus.all_vendors import AllVendors
from fructosa_exporter.kernel import Kernel
from fructosa_exporter.page.reading import Reading
from fructosa_exporter.page.sensor_state import SensorState
from fructosa_exporter.sensors import SENSORS
from fructosa_exporter.sensors.slurm_jobs import SlurmJobs, SlurmJobsOptions
from fructosa_exporter.web.handler import NO_JOBS, RequestHandler
from fructosa_exporter.web.jobs_page import JobsPage, jobs_page_of
from fructosa_exporter.web.request import Request
from fructosa_exporter.web.scrape_request import NOT_A_NUMBER
from fructosa_exporter.web.server import Server
from fructosa_service.config.kinds import Endpoint
from tests.exporter.slurm.cgroups import Cgroups
from tests.exporter.web.client import once, serving


@pytest.fixture
def cgroups(tmp_path):
    """A slurmd with three jobs."""
    made = Cgroups(tmp_path)
    for job in (1, 2, 3):
        made.begin(job)
        made.use(job, job / 2)
    return made


def server_of(sensor):
    """Return a server of a sensor, and of another."""
    readers = [SensorReader(sensor), SensorReader(SENSORS["CPUCount"]())]
    server = Server([Endpoint("127.0.0.1", 0)], lambda *request: handler.handle(*request))
    collector = Collector(server.wake)
    handler = RequestHandler(readers, collector, time.monotonic, jobs=jobs_page_of(readers))
    server.polls.append(collector.poll)
    return server


def jobs_on(text):
    """Return the jobs of a page with their CPU time."""
    lines = (line for line in text.splitlines() if line.startswith("fructosa_slurm_job_cpu_s"))
    return {line.partition('jobid="')[2][0]: float(line.split()[-1]) for line in lines}


def test_each_page_reads_the_jobs_anew(cgroups):
    """Whatever the interval of the sensor is."""
    sensor = SlurmJobs(SlurmJobsOptions(time_interval=60), cgroups.kernel, AllVendors())
    with serving(server_of(sensor)) as server:
        status, headers, text = once(server, "/jobs")
        cgroups.use(1, 9)
        _, _, later = once(server, "/jobs")

    assert (200, "text/plain; version=0.0.4; charset=utf-8") == (status, headers["Content-Type"])
    assert {"1": 0.5, "2": 1, "3": 1.5} == jobs_on(text)
    assert {"1": 9, "2": 1, "3": 1.5} == jobs_on(later)


def test_only_later_ends_are_sent_to_who_asks_for_them(cgroups):
    """Running jobs always are."""
    sensor = SlurmJobs(read=cgroups.kernel, gpus=AllVendors())
    with serving(server_of(sensor)) as server:
        once(server, "/jobs")
        for job in (1, 2):
            cgroups.end(job)
            once(server, "/jobs")
        pages = [once(server, f"/jobs{query}")[2] for query in ("", "?after=1", "?after=2")]

    assert [{"1", "2", "3"}, {"2", "3"}, {"3"}] == [set(jobs_on(page)) for page in pages]
    assert all("\nfructosa_slurm_jobs_sequence 2\n" in page for page in pages)


@pytest.mark.parametrize("text", ["x", "-1", "1.5", "9" * 19, "", "٣"])
def test_what_is_no_sequence_number_is_a_bad_request(cgroups, text):
    """The text says what would be one."""
    with serving(server_of(SlurmJobs(read=cgroups.kernel, gpus=AllVendors()))) as server:
        status, _, answer = once(server, f"/jobs?after={quote(text)}")

    assert (400, NOT_A_NUMBER.format(text=text) + "\n") == (status, answer)


def test_jobs_are_on_the_page_of_metrics_on_request(cgroups):
    """By the option, or by name."""
    for is_on in (False, True):
        options = SlurmJobsOptions(on_metrics_page=is_on)
        sensor = SlurmJobs(options, cgroups.kernel, AllVendors())
        with serving(server_of(sensor)) as server:
            plain = once(server, "/metrics")[2]
            named = once(server, "/metrics?collect[]=SlurmJobs")[2]

        assert is_on == bool(jobs_on(plain))
        assert {"1", "2", "3"} == jobs_on(named).keys()
        assert "fructosa_cpu_threads" in plain


def test_without_the_sensor_there_is_no_page():
    """The text says how to have one."""
    with serving(server_of(SENSORS["BootTime"]())) as server:
        assert (404, NO_JOBS + "\n") == once(server, "/jobs")[::2]


def test_a_machine_without_cgroups_has_no_page(tmp_path):
    """It is not an empty one: that would say that no job runs."""
    with serving(server_of(SlurmJobs(read=Kernel(tmp_path), gpus=AllVendors()))) as server:
        status, _, text = once(server, "/jobs")

    assert (503, "no cgroups are mounted at /sys/fs/cgroup\n") == (status, text)


def page_of(cgroups, reading):
    """Return the response with this reading of the jobs."""
    page = JobsPage(SlurmJobs(read=cgroups.kernel, gpus=AllVendors()))
    state = SensorState(page.reader.sensor, reading, reading, None, None, False, False)
    return page.page(state, 0, Request("GET", "/jobs"))


def test_jobs_that_cannot_be_read_are_an_error(cgroups):
    """A client that sees no job would think that all have ended."""
    response = page_of(cgroups, Reading(began_s=0, duration_s=0, error="OSError: broken"))

    assert (503, b"OSError: broken\n") == (response.status, response.body)


def test_a_driver_that_hangs_does_not_hide_what_is_known(cgroups):
    """Jobs are watched without it; ages show when they were read last."""
    response = page_of(cgroups, None)

    assert 200 == response.status
    assert b"fructosa_slurm_jobs_sequence 0\n" in response.body
