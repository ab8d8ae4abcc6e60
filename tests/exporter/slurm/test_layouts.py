"""Where Slurm has the cgroups of jobs."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fructosa_exporter.slurm.layouts import (
    MOST_PREFIXES,
    JobKey,
    Level,
    Place,
    is_slice,
    job_of_process,
    prefixes,
)

SLUID = "sEKNKTV3WPV500"


def below(version, *names):
    """Return the place of a path of folders below a root; None if one is not of a job."""
    place = Place(Level.ROOT, version, "")
    for name in names:
        place = place and place.child(name)
    return place


@pytest.mark.parametrize(
    ("version", "path", "expected"),
    [
        (1, "slurm/uid_1000/job_7/step_batch/task_0", ("", "1000", "7", "batch")),
        (1, "slurm_gpu1/uid_0/job_7/step_0/task_12", ("gpu1", "0", "7", "0")),
        (
            1,
            "slurm_n-1.cluster/uid_0/job_7/step_extern/task_0",
            ("n-1.cluster", "0", "7", "extern"),
        ),
        (2, "slurmstepd.scope/job_7/step_interactive/user/task_0", ("", "", "7", "interactive")),
        (2, "gpu1_slurmstepd.scope/job_7/step_3/user/task_special", ("gpu1", "", "7", "3")),
        (2, f"slurmstepd.scope/{SLUID}/step_batch/user/task_0", ("", "", SLUID, "batch")),
    ],
    ids=["one slurmd", "several", "its full name", "version 2", "several in 2", "26.05"],
)
def test_each_layout_leads_to_a_task(version, path, expected):
    """The names on the way say whose it is."""
    place = below(version, *path.split("/"))

    assert (Level.TASK, path) == (place.level, place.path)
    assert expected == (place.slurmd, place.uid, place.job, place.step)


@pytest.mark.parametrize(
    ("version", "path"),
    [
        (1, "slurmrestd"),
        (1, "slurm_"),
        (1, "slurmstepd.scope"),
        (1, "slurm/job_7"),
        (1, f"slurm/uid_0/{SLUID}"),
        (2, "slurmd.service"),
        (2, "slurmstepd.scope/system"),
        (2, "slurmstepd.scope/job_x"),
        (2, "slurmstepd.scope/sEKNKTV3WPV50O"),
        (2, "slurmstepd.scope/job_7/memory.stat"),
        (2, "slurmstepd.scope/job_7/step_0/slurm"),
        (2, "slurmstepd.scope/job_7/step_0/task_0"),
    ],
)
def test_other_folders_are_not_of_a_job(version, path):
    """Slurm has folders of its own beside those of jobs, and SLUIDs have no letter O."""
    assert below(version, *path.split("/")) is None


@given(st.sampled_from([1, 2]), st.lists(st.text(max_size=30), max_size=8))
def test_any_names_lead_to_a_place_or_to_none(version, names):
    """Names come from the kernel, and may be anything."""
    place = below(version, *names)

    assert place is None or len(names) == 0 or place.path == "/".join(names)


def test_process_1_shows_where_the_tree_is():
    """On a host it is in init.scope beside the slices; in a container, above them."""
    assert ["", "init.scope"] == prefixes("0::/init.scope\n")
    assert ["", "docker/abc", "docker"] == prefixes("1:cpu:/x\n0::/docker/abc\n")
    assert [""] == prefixes("0::/../../other\n")
    assert MOST_PREFIXES == len(prefixes("".join(f"0::/{one}/x\n" for one in range(9))))


def test_a_site_may_name_another_slice():
    """With CgroupSlice."""
    assert is_slice("hpc.slice")
    assert not is_slice("ssh.service")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (
            "5:devices:/\n4:memory:/slurm_n1/uid_0/job_1/step_batch/task_0\n0::/\n",
            JobKey("n1", "1"),
        ),
        ("0::/system.slice/slurmstepd.scope/job_12/step_0/user/task_0\n", JobKey("", "12")),
        (f"0::/docker/x/hpc.slice/a_slurmstepd.scope/{SLUID}/step_0\n", JobKey("a", SLUID)),
        ("0::/user.slice/user-1000.slice/session-2.scope\n", None),
        ("0::/system.slice/slurmstepd.scope/system\n", None),
        ("nonsense", None),
        ("", None),
    ],
)
def test_a_process_shows_its_job(text, expected):
    """In /proc/PID/cgroup, which everybody may read."""
    assert expected == job_of_process(text)


@given(st.text(max_size=200))
def test_any_text_of_a_process_is_understood(text):
    """At worst it has no job."""
    key = job_of_process(text)

    assert key is None or key.job
