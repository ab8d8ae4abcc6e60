"""`lmaster job`."""

import asyncio
import json

import pytest

from fructosa_bridge.cli import main
from fructosa_bridge.client.job_client import NOT_RUNNING
from fructosa_bridge.client.job_place import MEANWHILE, NO_ARCHIVE
from fructosa_bridge.commands.job import NO_STEPS
from fructosa_bridge.commands.jobs import NOT_RUNNING as NOT_RUNNING_NOW
from fructosa_bridge.job_archive.archive_file import FILE
from fructosa_bridge.job_archive.look_ups import ArchiveReader
from fructosa_bridge.job_server.queries import NO_SUCH_JOB, no_such_job
from fructosa_bridge.jobs.names import NOT_A_JOB

from ..job_server.served_jobs import ADA, EVE, SLURM_AGE_S, served_jobs, stored_jobs


@pytest.fixture
def config(tmp_path):
    """A configuration of an lmaster that does not run; its archive is not there yet."""
    path = tmp_path / "lmaster.conf"
    path.write_text(
        f"[lmaster]\ndata directory = {tmp_path}\n[slurm]\n[jobs]\nsocket = {tmp_path}/s\n"
    )
    return path


def last_error(capsys):
    """Return the last line of standard error."""
    return capsys.readouterr().err.splitlines()[-1]


def test_without_a_running_lmaster_its_archive_is_read(config, tmp_path, capsys):
    """By root and its user, who see all jobs; how old it is, is said."""
    assert tmp_path / "jobs" / FILE == stored_jobs(tmp_path)

    code = main(["job", "8", "-c", str(config)])

    printed = capsys.readouterr()
    lines = printed.out.splitlines()
    assert (0, "Job 8 of c1: COMPLETED") == (code, lines[0])
    assert "user       bob (account physics)" in lines
    assert printed.err.startswith(NOT_RUNNING_NOW.partition("{")[0])
    assert 1 == printed.err.count("\n")


def test_json_is_an_object_with_the_last_run(config, tmp_path, capsys):
    """And the number of its runs."""
    stored_jobs(tmp_path)

    code = main(["job", "7", "--json", "-c", str(config)])

    found = json.loads(capsys.readouterr().out)
    assert (0, "7", 1, 2) == (code, found["id"], found["restart"], found["runs"])


def test_of_an_array_it_is_a_list_and_the_texts_have_a_line_between_them(config, tmp_path, capsys):
    """All its tasks; a task alone is an object."""
    stored_jobs(tmp_path)

    codes = [main(["job", "20", "--json", "-c", str(config)])]
    tasks = json.loads(capsys.readouterr().out)
    codes += [main(["job", "20_1", "--json", "-c", str(config)])]
    task = json.loads(capsys.readouterr().out)
    codes += [main(["job", "20", "-c", str(config)])]
    texts = capsys.readouterr().out.split("\n\n")

    assert ([0] * 3, ["20_1", "20_2"], "20_1") == (codes, [one["id"] for one in tasks], task["id"])
    assert ["Job 20_1 of c1: COMPLETED", "Job 20_2 of c1: COMPLETED"] == [
        text.partition("\n")[0] for text in texts
    ]


def test_all_runs_of_a_job_are_shown_if_asked_for(config, tmp_path, capsys):
    """The oldest first; in JSON they are a list, also if there is one."""
    stored_jobs(tmp_path)

    codes = [main(["job", "7", "--all", "-c", str(config)])]
    heads = [text.partition("\n")[0] for text in capsys.readouterr().out.split("\n\n")]
    codes += [main(["job", "7", "--all", "--json", "-c", str(config)])]
    runs = json.loads(capsys.readouterr().out)
    codes += [main(["job", "8", "--all", "--json", "-c", str(config)])]
    one = json.loads(capsys.readouterr().out)

    assert [0] * 3 == codes
    assert ["Job 7 of c1, run 1: COMPLETED", "Job 7 of c1, run 2: COMPLETED"] == heads
    assert ([0, 1], ["8"]) == ([run["restart"] for run in runs], [run["id"] for run in one])


def test_of_a_step_the_job_is_shown(config, tmp_path, capsys):
    """A line says that steps are not kept."""
    stored_jobs(tmp_path)

    code = main(["job", "8.batch", "-c", str(config)])

    printed = capsys.readouterr()
    assert (0, NO_STEPS) == (code, printed.err.splitlines()[-1])
    assert printed.out.startswith("Job 8 of c1: ")


@pytest.mark.parametrize("job", ["99", " 99\x0b"])
def test_an_unknown_job_is_an_error(config, tmp_path, capsys, job):
    """Exit code 1."""
    stored_jobs(tmp_path)

    code = main(["job", job, "-c", str(config)])

    assert (1, f"lmaster: {NO_SUCH_JOB.format(name=99)}") == (code, last_error(capsys))


@pytest.mark.parametrize("job", ["x", "", "7\x1b[2J", "\udcff", "0", "0_4"])
def test_what_is_no_id_is_an_error_that_says_what_to_write(config, capsys, job):
    """Exit code 2; nothing is asked."""
    code = main(["job", job, "-c", str(config)])

    message = NOT_A_JOB.format(text=repr(job))
    assert (2, f"lmaster: {message}\n") == (code, capsys.readouterr().err)


def test_without_lmaster_and_archive_there_is_a_message(config, tmp_path, capsys):
    """Exit code 1."""
    code = main(["job", "7", "-c", str(config)])

    error = NOT_RUNNING.format(path=tmp_path / "s", reason="No such file or directory")
    reason = NO_ARCHIVE.format(path=tmp_path / "jobs" / FILE)
    message = MEANWHILE.format(error=error, reason=reason)
    assert (1, f"lmaster: {message}\n") == (code, capsys.readouterr().err)


async def test_the_running_lmaster_is_asked_and_knows_who_asks(tmp_path, capsys):
    """The jobs of others are not known to it."""
    async with served_jobs(tmp_path, ArchiveReader(stored_jobs(tmp_path))) as jobs:
        arguments = ["job", "7", "--json", "--socket", str(jobs.path)]
        jobs.uid = ADA
        own = await asyncio.to_thread(main, arguments), json.loads(capsys.readouterr().out)["user"]
        jobs.uid = EVE
        others = await asyncio.to_thread(main, arguments), capsys.readouterr().err

    assert (0, "ada") == own
    assert (1, f"lmaster: {no_such_job('7', SLURM_AGE_S, sees_all=False)}\n") == others
