"""Reads the cgroups of jobs, from recorded trees of both versions."""

import pytest

from fructosa_exporter.kernel import Kernel
from fructosa_exporter.slurm import figures
from fructosa_exporter.slurm.folders import JobFolders
from fructosa_exporter.slurm.layouts import Level
from tests.exporter.recorded import changed, kernel

from .cgroups import Cgroups


def everything(folders):
    """Return all places below the roots."""
    found, left = [], list(folders.roots())
    while left:
        children = folders.children(left.pop()) or []
        found += children
        left += children
    return found


def job_of(folders):
    """Return the place of the only job."""
    (job,) = [place for place in everything(folders) if place.level is Level.JOB]
    return job


def all_names(version):
    """Return the names of all files of a job."""
    return figures.AT_END[version] + figures.NOW[version] + figures.SELDOM[version]


def test_version_1_was_recorded_from_a_job():
    """It was confined to one CPU and 300 MB, and a step of 60 MB was killed before."""
    folders = JobFolders(kernel("slurm_jobs_v1"))
    job = job_of(folders)

    found = folders.read(job, all_names(1))

    assert (1, "n1", "0", "1") == (folders.version, job.slurmd, job.uid, job.job)
    assert (0.406768237, 1, 300 * 2**20) == (found.cpu_s, found.cpus, found.limit_bytes)
    assert found.own_bytes > 40_000_000
    assert found.own_bytes < found.memory_bytes < found.peak_bytes


def test_version_2_was_recorded_from_such_a_job_too():
    """It has pressure. Its CPU time is more than that of its steps, as Slurm's processes count."""
    folders = JobFolders(kernel("slurm_jobs"))
    job = job_of(folders)

    found = folders.read(job, all_names(2))

    assert (2, "n1", "24") == (folders.version, job.slurmd, job.job)
    assert (5.721781, 1, 68132864) == (found.cpu_s, found.cpus, found.peak_bytes)
    assert (45707264, 1, 0.005128) == (found.own_bytes, found.oom_kills, found.io_stalled_s)
    assert (300 * 2**20, 0) == (found.limit_bytes, found.swap_bytes)
    steps = [place for place in everything(folders) if place.level is Level.STEP]
    assert {"batch": 2_934_483, "extern": 38_586} == {
        place.step: folders.step_cpu_us(place) for place in steps
    }


@pytest.mark.parametrize(("name", "threads"), [("slurm_jobs_v1", 4), ("slurm_jobs", 4)])
def test_tasks_are_the_threads_of_their_folders(name, threads):
    """Those of step_extern too, but not Slurm's own."""
    folders = JobFolders(kernel(name))
    tasks = [place for place in everything(folders) if place.level is Level.TASK]

    assert threads == folders.tasks(tasks)


def test_kills_of_version_1_are_in_each_folder():
    """Version 2 has them in that of the job."""
    folders = JobFolders(kernel("slurm_jobs_v1"))
    tasks = [place for place in everything(folders) if place.level is Level.TASK]

    assert {0} == set(folders.oom_kills(tasks).values())
    assert {"batch", "extern"} == {place.step for place in tasks}
    assert {} == JobFolders(kernel("slurm_jobs")).oom_kills(tasks)


def test_a_process_shows_when_a_job_began():
    """Its first process started after as many ticks since boot."""
    folders = JobFolders(kernel("slurm_jobs"))
    (task,) = [
        place
        for place in everything(folders)
        if place.level is Level.TASK and place.step == "batch"
    ]

    pid = folders.first_pid(task)

    assert 1536 == pid
    assert 7.42 == pytest.approx(folders.age_s(pid))
    assert folders.age_s(999) is None
    assert folders.owner(999) is None
    assert folders.owner(pid) is not None


def test_other_slices_and_containers_are_found(tmp_path):
    """CgroupSlice names another one; in a container, all is below the cgroup of process 1.

    Written after the source of Slurm 23.02 to 26.05, as is the SLUID.
    """
    tree = {
        "/proc/1/cgroup": "0::/docker/x\n",
        "/sys/fs/cgroup/hpc.slice/a_slurmstepd.scope/job_1/cpu.stat": "usage_usec 1\n",
        "/sys/fs/cgroup/hpc.slice/a_slurmstepd.scope/sEKNKTV3WPV500/cpu.stat": "usage_usec 3\n",
        "/sys/fs/cgroup/docker/x/system.slice/slurmstepd.scope/job_2/cpu.stat": "usage_usec 2\n",
        "/sys/fs/cgroup/user.slice/cgroup.procs": "",
    }
    folders = JobFolders(changed("slurm_jobs", tmp_path, tree))

    jobs = {(place.slurmd, place.job) for place in everything(folders) if place.level is Level.JOB}

    assert {("n1", "24"), ("a", "1"), ("a", "sEKNKTV3WPV500"), ("", "2")} == jobs
    assert "user.slice" not in {place.path for place in folders.roots()}


def test_what_is_gone_is_none(tmp_path):
    """A folder may go while it is read."""
    folders = JobFolders(Kernel(tmp_path))
    gone = job_of(JobFolders(kernel("slurm_jobs_v1")))

    assert not folders.is_there
    assert [] == everything(folders)
    assert figures.Figures() == folders.read(gone, all_names(1))
    assert folders.first_pid(gone) is None
    assert folders.is_populated(gone) is None
    assert 0 == folders.tasks([gone])


@pytest.mark.parametrize("version", [1, 2])
def test_a_folder_with_the_usual_ones_is_not_listed(tmp_path, monkeypatch, version):
    """Those of cgroups have dozens of files."""
    cgroups = Cgroups(tmp_path, version)
    cgroups.begin(1, "batch")
    cgroups.begin(2, "extern")
    cgroups.begin(2, "0")
    (cgroups.job(2) / "step_0/slurm").mkdir()
    (cgroups.job(2) / "step_1").mkdir()
    folders, listed = cgroups.folders, []
    expected = {place.path for place in everything(folders)}
    real = folders._names
    monkeypatch.setattr(folders, "_names", lambda path: listed.append(path) or real(path))

    assert expected == {place.path for place in everything(folders)}
    below_jobs = {path.partition("job_")[2] for path in listed if "job_" in path}
    assert {1: {"2", "2/step_0"}, 2: {"2"}}[version] == below_jobs


def test_a_folder_that_is_gone_has_no_children(tmp_path):
    """Nor is it there still."""
    cgroups = Cgroups(tmp_path)
    cgroups.begin(1)
    folders = cgroups.folders
    job = job_of(folders)
    assert folders.is_there_still(job)
    assert ["batch"] == [step.step for step in folders.children(job)]

    cgroups.end(1)

    assert not folders.is_there_still(job)
    assert folders.children(job) is None
