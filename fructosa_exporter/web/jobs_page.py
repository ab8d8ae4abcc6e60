"""Serves the page of Slurm's jobs, which is read anew for each request."""

from collections.abc import Iterator, Sequence

from fructosa_exporter.collect.sensor_reader import SensorReader
from fructosa_exporter.metrics import Sample
from fructosa_exporter.page.exposition import Format
from fructosa_exporter.page.jobs_page import jobs_page
from fructosa_exporter.page.sensor_state import SensorState
from fructosa_exporter.sensor import Sensor, SensorOptions
from fructosa_exporter.sensors.slurm_jobs import SlurmJobs

from .page_response import page_response
from .request import Request
from .response import Response, text_response


class JobsPage:
    """The page of a sensor of jobs; *reader* reads them for it, in time."""

    def __init__(self, sensor: SlurmJobs) -> None:
        self._sensor = sensor
        self.reader = SensorReader(_JobsLook(sensor))

    def page(self, state: SensorState, after: int, request: Request) -> Response:
        """Return the page with jobs after a sequence number, once *reader* has this *state*.

        If a driver of GPUs hangs, the jobs are known from when they were read last.
        """
        if state.reading and (reason := state.reading.error or state.reading.unavailable):
            return text_response(503, reason, Retry_After="60")
        sensor = self._sensor
        text = jobs_page(*sensor.known(after), sensor.machine)
        return page_response(text, Format.TEXT, request)


class _JobsLook(Sensor):
    """Slurm's jobs for their own page, without samples."""

    def __init__(self, sensor: SlurmJobs) -> None:
        super().__init__(SensorOptions(time_interval=0, deadline=sensor.options.deadline))
        self.name = sensor.name  # type: ignore[misc]  # as the log calls it
        self._jobs = sensor

    def samples(self) -> Iterator[Sample]:
        self._jobs.look()
        return iter(())


def jobs_page_of(readers: Sequence[SensorReader]) -> JobsPage | None:
    """Return the page of jobs if one of *readers* reads them."""
    found = (one.sensor for one in readers if isinstance(one.sensor, SlurmJobs))
    return next((JobsPage(sensor) for sensor in found), None)
