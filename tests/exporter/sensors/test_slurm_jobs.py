"""Jobs of Slurm on this node."""

import logging

import pytest

from fructosa_exporter.errors import SensorUnavailable
from fructosa_exporter.gpus.all_vendors import AllVendors
from fructosa_exporter.gpus.driver import DriverError
from fructosa_exporter.kernel import Kernel
from fructosa_exporter.sensors.slurm_jobs import (
    HIDDEN,
    NO_CGROUPS,
    WATCHED,
    SlurmJobs,
    SlurmJobsOptions,
)
from fructosa_exporter.slurm.folders import CGROUPS
from fructosa_exporter.slurm.watch import NOT_BEGUN
from tests.exporter.machine import GPUsInUse, values
from tests.exporter.recorded import changed, kernel
from tests.exporter.slurm.cgroups import Cgroups

JOB = ("24", "n1", "")


NO_GPUS = AllVendors()


def named(sensor):
    """Return the values of a sensor without what all names begin with."""
    found = values(sensor)
    return {
        (name.removeprefix("slurm_"), *labels): value for (name, *labels), value in found.items()
    }


def test_version_1_is_read_from_its_hierarchies():
    """The name of the slurmd is in the names of its folders."""
    found = named(SlurmJobs(read=kernel("slurm_jobs_v1"), gpus=GPUsInUse()))

    job = ("1", "n1", "")
    assert 0.406768237 == found["job_cpu_seconds_total", *job]
    assert (1, 314572800) == (found["job_cpus", *job], found["job_memory_limit_bytes", *job])
    assert (4, 0) == (found["job_tasks", *job], found["job_oom_kills_total", *job])
    assert ("job_stalled_seconds_total", *job, "cpu") not in found


def test_version_2_is_read_from_one_tree():
    """It has stalls too."""
    found = named(SlurmJobs(read=kernel("slurm_jobs"), gpus=GPUsInUse()))

    assert (5.721781, 4) == (found["job_cpu_seconds_total", *JOB], found["job_tasks", *JOB])
    assert 0.003427 == found["job_stalled_seconds_total", *JOB, "memory"]
    assert 8.64 == pytest.approx(found["job_age_seconds", *JOB], abs=5)


def test_jobs_of_processes_on_gpus_are_known():
    """The cgroup of a process names its job; others have none."""
    sensor = SlurmJobs(read=kernel("slurm_jobs"), gpus=GPUsInUse(a=[1536, 999], b=[999], c=[]))

    found = named(sensor)

    assert 1 == found["job_gpu_processes", *JOB, "a"]
    assert ["a"] == [name[-1] for name in found if name[0] == "job_gpu_processes"]
    assert HIDDEN in sensor.note


def test_processes_of_others_are_not_hidden_if_process_1_is_there(tmp_path):
    """One that has ended since is no reason for a note."""
    machine = changed("slurm_jobs", tmp_path, {"/proc/1/stat": "1 (init) S"})
    sensor = SlurmJobs(read=machine, gpus=GPUsInUse(a=[999]))
    values(sensor)

    assert NOT_BEGUN == sensor.note


def test_drivers_that_fail_do_not_hide_jobs():
    """The sensors of GPUs report it."""

    class Failing:
        def query_each(self, _name, _query):
            raise DriverError("the driver is gone")

    found = named(SlurmJobs(read=kernel("slurm_jobs"), gpus=Failing()))

    assert ("job_cpu_seconds_total", *JOB) in found


def test_user_ids_are_exposed_on_request(tmp_path):
    """That of a namespace for others is not one."""
    options = SlurmJobsOptions(uid=True)
    with_uid = named(SlurmJobs(options, kernel("slurm_jobs_v1"), NO_GPUS))
    without = named(SlurmJobs(read=kernel("slurm_jobs_v1"), gpus=NO_GPUS))
    overflow = changed("slurm_jobs_v1", tmp_path, {"/proc/sys/kernel/overflowuid": "0\n"})

    assert 0 == with_uid["job_uid", "1", "n1", ""]
    assert ("job_uid", "1", "n1", "") not in without
    assert ("job_uid", "1", "n1", "") not in named(SlurmJobs(options, overflow, NO_GPUS))


def test_each_start_has_an_instance():
    """lmaster then knows that sequence numbers begin anew."""

    def instance(sensor):
        state, _, _ = sensor.known()
        return state.instance

    first, second = (SlurmJobs(read=kernel("slurm_jobs"), gpus=NO_GPUS) for _ in range(2))

    assert 16 == len(instance(first))
    assert instance(first) == instance(first) != instance(second)


def test_a_machine_without_cgroups_has_nothing_to_read(tmp_path):
    """And nothing to watch."""
    sensor = SlurmJobs(read=Kernel(tmp_path), gpus=NO_GPUS)
    sensor.begin()

    with pytest.raises(SensorUnavailable, match=NO_CGROUPS.format(path=CGROUPS)):
        values(sensor)
    sensor.close()


def test_it_watches_while_lagent_serves(tmp_path, caplog):
    """Then there is nothing to note, and the log says so."""
    caplog.set_level(logging.INFO)
    sensor = SlurmJobs(read=Cgroups(tmp_path).kernel, gpus=NO_GPUS)
    assert NOT_BEGUN == sensor.note

    sensor.begin()
    assert (1, "", [WATCHED]) == (named(sensor)["jobs_watched",], sensor.note, caplog.messages)
    sensor.close()

    assert 0 == named(sensor)["jobs_watched",]


def test_it_is_on_the_page_of_metrics_only_on_request():
    """Each job would be series of its own there."""
    assert not SlurmJobs().is_on_metrics_page
    assert SlurmJobs(SlurmJobsOptions(on_metrics_page=True)).is_on_metrics_page


def test_totals_of_gpus_are_not_on_the_page_of_metrics(node):
    """Sensors of GPUs have their own series there."""
    sensor = SlurmJobs(read=kernel("slurm_jobs"), gpus=node.machine)

    found = named(sensor)

    assert 8 == len(sensor.machine.gpus)
    assert not [name for name in found if name[0].startswith("gpu_")]
