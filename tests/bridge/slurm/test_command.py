"""Running one command of Slurm: real programs, and their bad days."""

import asyncio
import fcntl
import os
import select
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from fructosa_bridge.model.errors import SlurmError
from fructosa_bridge.slurm import command
from fructosa_bridge.slurm.command import (
    FAILED,
    MISSING,
    MISSING_ON_PATH,
    TIMED_OUT,
    TOO_LONG,
    CommandError,
    Result,
    clean_environment,
    run,
)

from .scripts import script

ENVIRONMENT = {"PATH": os.environ["PATH"]}


async def output_of(folder, text, deadline_s=30, **more):
    """Return what a script with this text prints."""
    script(folder, "squeue", text)
    more = {"environment": ENVIRONMENT} | more
    return await run(["squeue", "-h"], folder=folder, deadline_s=deadline_s, **more)


async def error_of(folder, text, deadline_s=30):
    """Return the error that a script with this text causes."""
    with pytest.raises(CommandError) as raised:
        await output_of(folder, text, deadline_s)
    return raised.value


@pytest.fixture(autouse=True)
def unknown_launcher():
    """What starts commands is found out again after a test that changes it."""
    yield
    command._launcher.cache_clear()


@pytest.fixture
def began(tmp_path):
    """A named pipe by which a script says that it has begun."""
    os.mkfifo(tmp_path / "began")
    return tmp_path / "began"


@pytest.fixture
def pipe(tmp_path):
    """A named pipe: it ends once no process has it open any more."""
    os.mkfifo(tmp_path / "pipe")
    return tmp_path / "pipe"


def reader_of(pipe):
    """Return a file descriptor that reads a pipe."""
    reader = os.open(pipe, os.O_RDONLY | os.O_NONBLOCK)
    os.close(os.open(pipe, os.O_WRONLY))  # a pipe ends only if it has had a writer
    return reader


def is_ended(reader):
    """Wait until no process writes to a pipe any more; return whether that was soon."""
    is_readable = bool(select.select([reader], [], [], 60)[0])
    rest = os.read(reader, 9) if is_readable else None
    os.close(reader)
    return rest == b""


async def test_a_command_gets_its_arguments_and_its_input_and_returns_its_output(tmp_path):
    """Byte by byte, also controls; it runs in the root folder, as lmaster's may vanish."""
    text = 'pwd; echo "$@"; cat'

    found = await output_of(tmp_path, text, standard_input="show node\x1f\n\x1e")

    assert "/\n-h\nshow node\x1f\n\x1e" == found


async def test_a_command_need_not_read_its_input(tmp_path):
    """Not even a long one."""
    assert "ok\n" == await output_of(tmp_path, "exec 0<&-; echo ok", standard_input="x" * 10**6)


async def test_much_input_and_output_do_not_block_each_other(tmp_path):
    """Both are more than a pipe holds."""
    text = "x" * 1_000_000

    assert text == await output_of(tmp_path, "cat", standard_input=text)


async def test_warnings_do_not_fail_a_command(tmp_path):
    """Only its exit code does."""
    assert "1\n" == await output_of(tmp_path, "echo 'squeue: error: a plugin' >&2; echo 1")


async def test_what_is_not_utf_8_is_replaced(tmp_path):
    """Names of jobs may hold every byte."""
    assert "a\ufffdb\n" == await output_of(tmp_path, r"printf 'a\377b\n'")


@pytest.mark.parametrize(
    ("text", "result", "message"),
    [
        ("exit 3", Result.ERROR, FAILED.format(command="squeue", code=3, text="no message")),
        (
            "printf ' one\n\n two ' >&2; exit 1",
            Result.ERROR,
            FAILED.format(command="squeue", code=1, text="one; two"),
        ),
        (
            "echo slurm_load_node error: Access/permission denied >&2; exit 1",
            Result.DENIED,
            FAILED.format(
                command="squeue", code=1, text="slurm_load_node error: Access/permission denied"
            ),
        ),
        ("kill -9 $$", Result.ERROR, FAILED.format(command="squeue", code=-9, text="no message")),
        (
            "printf 'a\\377' >&2; exit 1",
            Result.ERROR,
            FAILED.format(command="squeue", code=1, text="a\ufffd"),
        ),
    ],
)
async def test_a_command_that_fails_says_why_in_one_line(tmp_path, text, result, message):
    """What it printed before is kept: some requests may have succeeded."""
    error = await error_of(tmp_path, f"echo before\n{text}")

    assert isinstance(error, SlurmError)
    assert (message, result, "before\n") == (str(error), error.result, error.output)


@pytest.mark.parametrize("program", ["setpriv", "none"])
async def test_it_works_with_and_without_setpriv(tmp_path, monkeypatch, program):
    """Which some systems do not have; a command that is missing is recognised by either."""
    monkeypatch.setattr(command, "_SETPRIV", program)
    command._launcher.cache_clear()

    assert "-h\n" == await output_of(tmp_path, 'echo "$@"')
    with pytest.raises(CommandError) as raised:
        await run(["sinfo"], folder=tmp_path, deadline_s=30, environment=ENVIRONMENT)
    assert Result.MISSING == raised.value.result


def test_a_setpriv_without_the_option_is_not_used(monkeypatch, tmp_path):
    """As that of BusyBox, or of util-linux before 2.33."""
    script(tmp_path, "setpriv", "exit 1")
    monkeypatch.setattr(command, "_SETPRIV", str(tmp_path / "setpriv"))
    command._launcher.cache_clear()

    assert command._PLAIN_LAUNCHER == command._launcher()


_RUN = """
import asyncio, os, sys
from pathlib import Path
from fructosa_bridge.slurm.command import run
arguments = {"folder": Path(sys.argv[1]), "deadline_s": 600, "environment": dict(os.environ)}
asyncio.run(run(["squeue"], **arguments))
"""


def test_a_command_ends_when_lmaster_is_killed(tmp_path, pipe, began):
    """No one else would end it: it may wait for slurmctld, or hang."""
    script(tmp_path, "squeue", f"exec 7> {pipe}; echo > {began}; exec sleep 1000")
    reader = reader_of(pipe)

    with subprocess.Popen([sys.executable, "-c", _RUN, tmp_path]) as lmaster:
        began.read_text()
        lmaster.kill()

    assert is_ended(reader)


async def test_of_endless_errors_the_beginning_is_kept(tmp_path):
    """The rest is read, so that the command does not block, and forgotten."""
    error = await error_of(tmp_path, "yes bad | head -c 5000000 >&2; exit 1")

    assert str(error).startswith(FAILED.format(command="squeue", code=1, text="bad; bad; bad"))
    assert len(str(error)) < 400


async def test_a_command_that_is_missing_is_reported_with_the_cure(tmp_path):
    """So is one that may not be executed."""
    (tmp_path / "file").write_text("")
    messages = {}
    for name in ("squeue", "file"):
        with pytest.raises(CommandError) as raised:
            await run([name], folder=tmp_path, deadline_s=9, environment=ENVIRONMENT)
        messages[name] = str(raised.value)
        assert raised.value.result == Result.MISSING

    assert MISSING.format(command="squeue", folder=tmp_path) == messages["squeue"]
    assert MISSING.format(command="file", folder=tmp_path) == messages["file"]


async def test_a_command_whose_interpreter_is_missing_fails(tmp_path):
    """The command itself is there."""
    script(tmp_path, "squeue", "").joinpath("squeue").write_text("#!/no/such/shell\n")

    with pytest.raises(CommandError, match=r"squeue failed with exit code 12[67]: ") as raised:
        await run(["squeue"], folder=tmp_path, deadline_s=9, environment=ENVIRONMENT)

    assert raised.value.result == Result.ERROR


async def test_a_command_on_a_file_server_that_hangs_is_killed_at_its_deadline(tmp_path):
    """Starting a program waits for its file: lmaster itself does not wait, it scrapes on."""
    path = script(tmp_path, "squeue", "echo found") / "squeue"
    before = signal.signal(signal.SIGIO, signal.SIG_IGN)
    descriptor = os.open(path, os.O_RDWR)
    try:
        fcntl.fcntl(descriptor, fcntl.F_SETLEASE, fcntl.F_WRLCK)  # whoever opens it waits for us
        with pytest.raises(CommandError) as raised:
            await run(["squeue"], folder=tmp_path, deadline_s=0.2, environment=ENVIRONMENT)
    finally:
        os.close(descriptor)
        signal.signal(signal.SIGIO, before)

    assert raised.value.result == Result.TIMEOUT


async def test_without_a_folder_a_command_is_found_on_the_path_of_its_environment(tmp_path):
    """Not on that of the tests."""
    script(tmp_path, "scontrol", "echo found")
    environment = {"PATH": f"{tmp_path}:/bin"}

    assert "found\n" == await run(["scontrol"], deadline_s=30, environment=environment)
    with pytest.raises(CommandError) as raised:
        await run(["sdiag"], deadline_s=30, environment={"PATH": str(tmp_path)})
    assert MISSING_ON_PATH.format(command="sdiag") == str(raised.value)


async def test_a_slow_command_is_killed_at_its_deadline(tmp_path):
    """The message names the deadline."""
    error = await error_of(tmp_path, "exec sleep 1000", deadline_s=0.2)

    assert TIMED_OUT.format(command="squeue", deadline_s=0.2) == str(error)
    assert error.result == Result.TIMEOUT


async def test_a_command_is_killed_with_all_that_it_has_started(tmp_path, pipe, began):
    """Also when lmaster ends, or its reading is cancelled."""
    reader = reader_of(pipe)
    text = f"read line\n(sleep 1000 & wait) >{pipe} & sleep 1000 >{pipe} &\necho >{began}\nwait"
    running = asyncio.ensure_future(output_of(tmp_path, text, standard_input="go\n"))
    await asyncio.to_thread(began.read_text)

    running.cancel()

    with pytest.raises(asyncio.CancelledError):
        await running
    assert is_ended(reader)


async def test_a_command_that_is_cancelled_while_it_starts_is_killed(tmp_path, pipe, monkeypatch):
    """asyncio may wait for ever for a process that it has half started: lmaster could not stop."""
    begun, start = asyncio.Event(), asyncio.create_subprocess_exec

    async def half_started(*arguments, **more):
        process = await start(*arguments, **more)
        begun.set()
        try:
            await asyncio.sleep(0.05)
        except asyncio.CancelledError:
            await asyncio.Event().wait()
        return process

    monkeypatch.setattr(asyncio, "create_subprocess_exec", half_started)
    reader = reader_of(pipe)
    running = asyncio.ensure_future(output_of(tmp_path, f"exec 3>{pipe}\nexec sleep 1000"))
    await begun.wait()

    running.cancel()

    done, _ = await asyncio.wait([running], timeout=20)
    assert {running} == done
    with pytest.raises(asyncio.CancelledError):
        await running
    assert is_ended(reader)


async def test_a_command_that_leaves_a_child_with_its_output_has_ended(tmp_path, pipe, began):
    """What it has printed until then counts."""
    found = await output_of(tmp_path, f"echo done\n(read line <{pipe}; echo >{began}) &\nexit 0")

    assert "done\n" == found
    pipe.write_text("end\n")
    began.read_text()  # the child was there all the time


async def test_what_has_left_the_process_group_is_not_waited_for(tmp_path, pipe, began):
    """It cannot be killed, and has the output open: no deadline would hold."""
    text = f"read line\nsetsid sh -c 'echo >{began}; read line <{pipe}' &\nexec sleep 1000"
    running = asyncio.ensure_future(output_of(tmp_path, text, standard_input="go\n"))
    await asyncio.to_thread(began.read_text)

    running.cancel()

    done, _ = await asyncio.wait([running], timeout=20)
    pipe.write_text("end\n")  # so that it ends
    assert {running} == done
    with pytest.raises(asyncio.CancelledError):
        await running


async def test_endless_output_is_cut_and_the_command_killed(tmp_path, monkeypatch):
    """So memory is bounded."""
    monkeypatch.setattr(command, "_MAX_OUTPUT", 1_000_000)

    error = await error_of(tmp_path, "exec yes")

    assert TOO_LONG.format(command="squeue", limit=1_000_000) == str(error)
    assert (Result.INVALID, "") == (error.result, error.output)


async def test_a_command_has_only_the_environment_that_it_is_given(tmp_path):
    """Nothing of lmaster's own."""
    found = await output_of(tmp_path, "exec env", environment={"PATH": "/usr/bin:/bin", "A": "1"})

    assert {"PATH=/usr/bin:/bin", "A=1"} == set(found.split()) - {"PWD=/", "_=/usr/bin/env"}


def test_the_environment_changes_nothing_that_commands_print():
    """Language, time format and defaults of users; what reaches slurmctld stays."""
    kept = {"PATH": "/bin", "HOME": "/home", "SLURM_CONF": "/etc/slurm.conf", "SLURM_JWT": "x"}
    languages = {"LANG": "de_DE.UTF-8", "LC_TIME": "de_DE.UTF-8", "LANGUAGE": "de", "LC_ALL": "x"}
    names = (
        *("SLURM_TIME_FORMAT", "SLURM_CLUSTERS", "SLURM_JSON", "SLURM_BITSTR_LEN", "SQUEUE_FORMAT"),
        *("SQUEUE_USERS", "SINFO_FORMAT", "SACCT_FORMAT", "SCONTROL_ALL", "SDIAG_X"),
    )
    found = clean_environment(kept | languages | dict.fromkeys(names, "x"))

    ours = {"LC_ALL": "C", "SLURM_TIME_FORMAT": "%s", "SLURM_BITSTR_LEN": "0"}
    assert kept | ours == found


def test_slurm_conf_of_the_settings_counts_before_that_of_the_environment():
    """Without either, the commands know where it is."""
    environment = {"SLURM_CONF": "/etc/slurm.conf"}

    assert clean_environment(environment, Path("/opt/x.conf"))["SLURM_CONF"] == "/opt/x.conf"
    assert "SLURM_CONF" not in clean_environment({})
