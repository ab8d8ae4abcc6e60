"""Advice on slurm.conf for the sake of jobs."""

import re

import pytest

from fructosa_bridge.slurm.job_advice import NO_CGROUPS, NO_CONTAIN, NO_CPU_TIME, job_advice
from fructosa_bridge.slurm_output import scontrol
from fructosa_bridge.slurm_output.records import SlurmConfig
from tests.bridge.slurm_output.outputs import recorded

GOOD = {
    "ProctrackType": "proctrack/cgroup",
    "JobAcctGatherType": "jobacct_gather/cgroup",
    "PrologFlags": "Alloc,Contain,X11",
}


def advice(changes=()):
    """Return the advice on a recorded configuration with these settings."""
    text = recorded("config")
    for key, value in (GOOD | dict(changes)).items():
        text = re.sub(rf"^({key} *= ).*$", rf"\g<1>{value}", text, flags=re.MULTILINE)
    return list(job_advice(scontrol.parse_config(text)))


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({}, []),
        ({"ProctrackType": "proctrack/linuxproc"}, [NO_CGROUPS]),
        ({"JobAcctGatherType": "jobacct_gather/linux"}, [NO_CPU_TIME]),
        ({"PrologFlags": "(null)"}, [NO_CONTAIN]),
        ({"PrologFlags": "Alloc", "JobAcctGatherType": "(null)"}, [NO_CPU_TIME, NO_CONTAIN]),
    ],
)
def test_what_hides_the_use_of_jobs_is_named_with_the_cure(changes, expected):
    """Nothing is advised where all is known."""
    assert expected == advice(changes)


def test_what_is_not_known_is_no_reason_for_advice():
    """The configuration could not be read."""
    assert [] == list(job_advice(SlurmConfig()))
