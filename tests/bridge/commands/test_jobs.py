"""`lmaster jobs`."""

import asyncio
import json
import stat
import sys
import time

import pytest

from fructosa_bridge.cli import main
from fructosa_bridge.client.job_client import NOT_RUNNING
from fructosa_bridge.client.job_place import NO_ARCHIVE, NO_CONFIGURATION, START_IT
from fructosa_bridge.client.since import IN_THE_FUTURE, NOT_A_TIME
from fructosa_bridge.commands.command_line.arguments import JOB_IN_PLACE_OF_ACTION
from fructosa_bridge.commands.jobs import BACKED_UP, NO_FILE, NO_JOBS, OF_ALL, SINCE
from fructosa_bridge.job_archive.archive_file import FILE
from fructosa_bridge.job_archive.look_ups import ArchiveReader, JobQuery
from fructosa_bridge.job_server.queries import (
    MOST_NODES,
    NOT_A_STATE,
    NOT_KEPT,
    TOO_MANY_NODES,
    next_reading,
)

from ..job_server.served_jobs import ADA, EVE, SLURM_AGE_S, served_jobs, stored_jobs

ALL = ["9", "20_2", "20_1", "8", "7", "7"]


@pytest.fixture
def config(tmp_path):
    """The configuration of an lmaster that does not run, and has jobs in its archive."""
    stored_jobs(tmp_path)
    path = tmp_path / "lmaster.conf"
    path.write_text(
        f"[lmaster]\ndata directory = {tmp_path}\n[slurm]\n[jobs]\nsocket = {tmp_path}/s\n"
    )
    return str(path)


@pytest.mark.parametrize(
    ("options", "ids"),
    [
        ([], ALL),
        (["--most", "2"], ["9", "20_2"]),
        (["--user", "bob"], ["8"]),
        (["--account", "physics", "--state", "completed", "--partition", "batch"], ALL),
        (["--node", "n2"], ["8"]),
        (["--since", "yesterday", "--node", "n2"], ["8"]),
        (["--since", "today", "--node", "n8"], []),
        (["--node", "n[2-3]"], ["8"]),
        (["--state", "cd,R", "--most", "1"], ["9"]),
        (["--user", "\udcff"], []),
    ],
)
def test_jobs_are_listed_by_what_they_have_in_common(config, capsys, options, ids):
    """The newest first; without a running lmaster those of its archive."""
    codes = [main(["jobs", *options, "-c", config])]
    head, *rows = capsys.readouterr().out.splitlines()
    codes += [main(["jobs", *options, "--json", "-c", config])]
    records = json.loads(capsys.readouterr().out)

    assert ([0, 0], "JOB") == (codes, head.split()[0])
    assert ids == [row.split()[0] for row in rows] == [one["id"] for one in records]


@pytest.mark.parametrize(("columns", "has_all"), [("200", True), ("70", False)])
def test_the_table_fits_the_terminal(config, capsys, monkeypatch, columns, has_all):
    """Elsewhere, as in a file, all columns are there."""
    monkeypatch.setenv("COLUMNS", columns)
    main(["jobs", "-c", config])
    file = capsys.readouterr().out.splitlines()
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True)
    main(["jobs", "-c", config])
    terminal = capsys.readouterr().out.splitlines()

    assert "PARTITION" in file[0]
    assert has_all == (file == terminal)
    assert max(map(len, terminal)) <= int(columns)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--state", "FAILD"], NOT_A_STATE.format(state="'FAILD'", hint="; did you mean FAILED?")),
        (["--since", "soon"], NOT_A_TIME),
        (["--since", "2100-01-01"], IN_THE_FUTURE.partition("{")[0]),
        (["--state", "PENDING"], NOT_KEPT.format(state="PENDING")),
        (["--node", "n[1-300]"], TOO_MANY_NODES.format(count=300, most=MOST_NODES)),
        (["--node", "n[1-"], "n[1-"),
        (["4_1"], JOB_IN_PLACE_OF_ACTION.format(text="4_1")),
        (["bakup"], "did you mean backup?"),
        (["--most", "0"], "--most"),
        (["backup"], NO_FILE),
    ],
)
def test_a_wrong_option_is_an_error_that_says_what_to_write(config, capsys, options, message):
    """Exit code 2."""
    try:
        code = main(["jobs", *options, "-c", config])
    except SystemExit as error:  # of argparse
        code = error.code

    assert 2 == code
    assert message in capsys.readouterr().err


async def test_the_running_lmaster_is_asked(tmp_path, capsys):
    """Everybody gets their own, whatever they ask for."""
    async with served_jobs(tmp_path, ArchiveReader(stored_jobs(tmp_path))) as jobs:
        arguments = ["jobs", "--json", "--socket", str(jobs.path)]
        found = []
        for uid, options in (
            (ADA, ["--since", "1970-01-02", "--most", "2", "--state", "completed"]),
            (EVE, ["--user", "ada"]),
            (0, []),
        ):
            jobs.uid = uid
            code = await asyncio.to_thread(main, [*arguments, *options])
            found.append((code, [one["id"] for one in json.loads(capsys.readouterr().out)]))

    assert [(0, ["20_2", "20_1"]), (0, []), (0, ALL)] == found


async def test_no_jobs_is_said_and_how_far_back_they_were_looked_for(tmp_path, capsys):
    """On standard error: what reads the list gets an empty one."""
    async with served_jobs(tmp_path, ArchiveReader(stored_jobs(tmp_path))) as jobs:
        arguments = ["jobs", "--socket", str(jobs.path)]
        found = []
        for options in ([], ["--since", "2026-01-02"], ["--json"]):
            code = await asyncio.to_thread(main, [*arguments, *options])
            printed = capsys.readouterr()
            found.append((code, printed.out[:3], printed.err))

    later = f"{next_reading(SLURM_AGE_S)}\n"
    since = SINCE.format(when="2 Jan 2026 00:00" if time.localtime()[0] != 2026 else "2 Jan 00:00")
    assert [
        (0, "JOB", NO_JOBS.format(since=OF_ALL) + later),
        (0, "JOB", NO_JOBS.format(since=since) + later),
        (0, "[]\n", NO_JOBS.format(since=OF_ALL) + later),
    ] == found


def test_without_lmaster_and_configuration_there_is_a_message(tmp_path, capsys):
    """Exit code 1."""
    code = main(["jobs", "--socket", str(tmp_path / "s")])

    error = NOT_RUNNING.format(path=tmp_path / "s", reason="No such file or directory")
    message = START_IT.format(error=error)
    assert (1, f"lmaster: {message}\n") == (code, capsys.readouterr().err)


def test_a_backup_is_a_copy_of_the_archive(config, tmp_path, capsys):
    """Readable for its owner only."""
    to = tmp_path / "copy.sqlite"

    code = main(["jobs", "backup", str(to), "-c", config])

    assert (0, f"{BACKED_UP.format(path=to)}\n") == (code, capsys.readouterr().out)
    assert 0o600 == stat.S_IMODE(to.stat().st_mode)
    assert ALL == [run.id for run in ArchiveReader(to).runs(JobQuery())]


def test_a_backup_needs_an_archive_and_does_not_replace_a_file(config, tmp_path, capsys):
    """Each message says what is wrong."""
    to = tmp_path / "copy.sqlite"
    to.write_text("precious")
    codes = [
        main(["jobs", "backup", str(to), "-c", config]),
        main(["jobs", "backup", str(tmp_path / "x"), "--socket", str(tmp_path / "s")]),
    ]
    archive = tmp_path / "jobs" / FILE
    archive.rename(tmp_path / "elsewhere")
    codes += [main(["jobs", "backup", str(tmp_path / "x"), "-c", config])]

    errors = capsys.readouterr().err.splitlines()
    assert [1, 2, 1] == codes
    assert "File exists; name a new file" in errors[0]
    assert [
        f"lmaster: {NO_CONFIGURATION}",
        f"lmaster: {NO_ARCHIVE.format(path=archive)}",
    ] == errors[1:]
    assert ("precious", False) == (to.read_text(), (tmp_path / "x").exists())
