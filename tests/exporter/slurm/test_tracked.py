"""What is known of the folders of jobs."""

from fructosa_exporter.slurm.layouts import Level, Place
from fructosa_exporter.slurm.tracked import Folder, TrackedJob

ROOT = Place(Level.ROOT, 1, "")
JOB = Place(Level.JOB, 1, "slurm/uid_0/job_7", "", "0", "7")


def test_a_folder_has_the_name_that_messages_have():
    """A root has none above it."""
    assert "" == Folder(ROOT, None, 1).name
    assert "job_7" == Folder(JOB, None, 1).name


def test_folders_below_a_job_belong_to_it():
    """As that above them does."""
    above = Folder(JOB, None, 1)
    above.job = TrackedJob(JOB)

    assert above.job is Folder(JOB.at(Level.STEP, "step_0"), above, 2).job
    assert Folder(JOB, None, 1).job is None


def test_the_leaves_of_a_job_have_its_processes():
    """A step has some of its own only without tasks."""
    job = TrackedJob(JOB)
    step, empty = (Folder(JOB.at(Level.STEP, name), None, 1) for name in ("step_0", "step_1"))
    task = Folder(step.place.at(Level.TASK, "task_0"), step, 2)
    step.children["task_0"] = task
    job.steps |= {step: None, empty: None}
    job.tasks[task] = None

    assert [task.place, empty.place] == job.leaves
