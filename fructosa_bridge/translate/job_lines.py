"""Lines of jobs on a page of a node: they become no points.

A job's id in a path would be a file for each job. Jobs have a page of their own.
"""

import re

from .steps import Steps

_MARK = "fructosa_slurm_job"
# So much at a time: a millisecond.
_STEP_CHARACTERS = 2**16
_LINES = re.compile(rf"^{_MARK}s?_[^\n]*\n?", re.MULTILINE)


def without_jobs(page: str) -> Steps[str]:
    """Return a page without the samples of jobs and of the list of jobs, as SlurmJobs makes them.

    The series of the cluster, such as ``fructosa_slurm_jobs{...}``, stay.
    """
    if _MARK not in page:
        return page
    parts, at = list[str](), 0
    while at < len(page):
        end = page.find("\n", at + _STEP_CHARACTERS) + 1 or len(page)
        parts.append(_LINES.sub("", page[at:end]))
        at = end
        yield
    return "".join(parts)
