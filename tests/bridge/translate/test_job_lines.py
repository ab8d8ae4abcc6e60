"""Lines of jobs are left out of the pages of nodes."""

from hypothesis import given
from hypothesis import strategies as st

from fructosa_bridge.translate import job_lines
from fructosa_bridge.translate.steps import at_once
from fructosa_bridge.translate.translator import Translator


def without_jobs(page):
    """Return a page without the lines of jobs."""
    return at_once(job_lines.without_jobs(page))


PAGE = """\
# TYPE fructosa_load_average gauge
fructosa_load_average{minutes="1"} 0.5
"""
JOBS = """\
fructosa_slurm_job_cpu_seconds_total{jobid="123"} 8.5
fructosa_slurm_job_age_seconds{jobid="123",slurmd="n1"} 60
fructosa_slurm_jobs_info{instance="4f",boot_id="b"} 1
fructosa_slurm_jobs_seen_total 1
"""


def test_the_samples_of_jobs_are_left_out():
    """Wherever they are; the numbers of the cluster's jobs stay, as they have no ids."""
    cluster = 'fructosa_slurm_jobs{partition="debug",state="running"} 7\n'

    assert PAGE + cluster == without_jobs(JOBS + PAGE + JOBS + cluster + JOBS.rstrip("\n"))


@given(st.text("fructosa_slurm_job 1\n{}", max_size=200))
def test_all_other_lines_stay_as_they_are(page):
    """Line by line."""
    starts = ("fructosa_slurm_job_", "fructosa_slurm_jobs_")
    lines = page.splitlines(keepends=True)

    assert "".join(one for one in lines if not one.startswith(starts)) == without_jobs(page)


def test_no_job_gets_a_path_and_none_is_remembered():
    """Nor does a job that begins or ends make a page a new one."""
    translator = Translator()
    first = translator.translate(PAGE + JOBS, "n1.", 100, target="n1")
    known = translator.remembered

    for job in range(10):
        page = PAGE + JOBS.replace("123", str(job)).replace("4f", str(job))
        found = translator.translate(page, "n1.", 100, target="n1")

    assert 1 == len(first.points) == len(found.points) == found.samples
    assert known == translator.remembered
