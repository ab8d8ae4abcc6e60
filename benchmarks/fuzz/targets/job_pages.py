"""Pages of jobs."""

from collections.abc import Iterable

from fructosa_bridge.jobs.page import JobPage, JobPageParser
from fructosa_bridge.model.errors import PageError
from tests.bridge.jobs.pages import ended, page, reading, running, text_of

from .. import target
from ..target import FuzzTarget, expect, repeated


def _read(data: bytes) -> JobPage:
    return JobPageParser().parse(target.text_of(data))


def _promises(data: bytes, result: object) -> None:
    parser = JobPageParser()
    if not isinstance(result, JobPage):
        return
    text = target.text_of(data)
    expect(parser.parse(text) == parser.parse(text) == result, "a known page is read alike")
    jobs = {one[:3] for one in result.readings}
    expect(len(jobs) == len(result.readings), "a job is on a page once")
    # What is written as an agent writes it says the same.
    again = parser.parse(text_of(result))
    expect(_sorted(again) == _sorted(result), "a page that is written again is the same")


def _sorted(found: JobPage) -> JobPage:
    return found._replace(readings=sorted(found.readings, key=lambda one: one[:3]))


def _seeds() -> Iterable[bytes]:
    every = reading(
        "8", slurmd="n1", restart="2", stalled_io_s=1.5, gpus=(("GPU-1", 2.0),), uid=7.0
    )
    for one in (page(ended(7), running(9), sequence=1), page(every), page()):
        yield text_of(one).encode()


def _honest(size: int) -> bytes:
    line = repeated(lambda n: f'fructosa_slurm_job_cpu_seconds_total{{jobid="{n + 1}"}} {n}.5\n')
    return text_of(page()).encode() + line(size)


TARGETS = (
    FuzzTarget(
        name="job-page",
        read=_read,
        errors=(PageError,),
        promises=_promises,
        seeds=_seeds,
        words=(
            b'jobid="',
            b'slurmd="',
            b'restart="1"',
            b'uuid="',
            b"fructosa_slurm_job_",
            b" 1e308",
        ),
        honest=_honest,
    ),
)
