"""Lines of jobs on a page of a node: they become no points.

A job's id in a path would be a file for each job. Jobs have a page of their own.
"""

import re

_MARK = "fructosa_slurm_job"
_LINES = re.compile(rf"^{_MARK}s?_[^\n]*\n?", re.MULTILINE)


def without_jobs(page: str) -> str:
    """Return a page without the samples of jobs and of the list of jobs, as SlurmJobs makes them.

    The series of the cluster, such as ``fructosa_slurm_jobs{...}``, stay.
    """
    return _LINES.sub("", page) if _MARK in page else page
