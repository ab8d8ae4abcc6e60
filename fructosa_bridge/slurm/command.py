"""Runs one command of Slurm: in a clean environment, with a deadline, as an ordinary process."""

import asyncio
import contextlib
import mmap
import os
import resource
import shutil
import signal
import subprocess
from collections.abc import Mapping, Sequence
from enum import StrEnum
from functools import cache
from pathlib import Path
from typing import BinaryIO

from fructosa_service.errors import visible_path

from ..model.errors import SlurmError

# The output of 10,000 nodes is 6 MB, that of 100,000 jobs 30 MB.
_MAX_OUTPUT = 256 * 2**20
_MAX_ERRORS = 4000
# Another program starts the command: lmaster would wait itself until the file of the command is
# there, and a file server that hangs must not stop it. setpriv (util-linux 2.33) also has the
# command killed when lmaster is killed.
_SETPRIV = "setpriv"
_KILLED_WITH_LMASTER = ("--pdeathsig", "KILL", "--")
_PLAIN_LAUNCHER = ("/bin/sh", "-c", 'exec "$0" "$@"')
_NOT_STARTED = (126, 127)

_KEPT = ("SLURM_CONF", "SLURM_CONF_SERVER", "SLURM_JWT")
_DROPPED = ("SLURM", "SQUEUE_", "SINFO_", "SACCT", "SCONTROL_", "SDIAG_", "LC_", "LANG")

MISSING = "{command} is not in {folder}; install Slurm's commands there, or set commands in [slurm]"
MISSING_ON_PATH = (
    "{command} is not on the PATH of lmaster; install Slurm's commands, or set commands in [slurm]"
)
TIMED_OUT = "{command} did not end within {deadline_s:g} s and was killed; is slurmctld overloaded?"
TOO_LONG = "{command} printed more than {limit} bytes and was killed"
FAILED = "{command} failed with exit code {code}: {text}"


class Result(StrEnum):
    """How a command ended."""

    OK = "ok"
    DENIED = "denied"  # slurmctld refuses it to this user
    HIDDEN = "hidden"  # it succeeded, and PrivateData hides what is there
    INVALID = "invalid"  # its output is not what it should be
    TIMEOUT = "timeout"
    MISSING = "missing"
    ERROR = "error"


class CommandError(SlurmError):
    """A command that failed, and how; *output* is what it printed before."""

    def __init__(self, message: str, result: Result, output: str = "") -> None:
        super().__init__(message)
        self.result = result
        self.output = output


def clean_environment(
    environment: Mapping[str, str], slurm_conf: Path | None = None
) -> dict[str, str]:
    """Return the environment of Slurm's commands: nothing in it changes what they print.

    Of the variables of Slurm, those stay that say how to reach slurmctld; *slurm_conf* overrides
    SLURM_CONF.
    """
    clean = {
        key: value
        for key, value in environment.items()
        if key in _KEPT or not key.startswith(_DROPPED)
    }
    clean |= {"LC_ALL": "C", "SLURM_TIME_FORMAT": "%s", "SLURM_BITSTR_LEN": "0"}
    if slurm_conf is not None:
        clean["SLURM_CONF"] = str(slurm_conf)
    return clean


async def run(
    command: Sequence[str],
    *,
    folder: Path | None = None,
    deadline_s: float,
    environment: Mapping[str, str],
    standard_input: str = "",
) -> str:
    """Return what a command prints.

    After *deadline_s* seconds it is killed, with all that it has started.
    Raises: CommandError if it is missing, fails, takes or prints too much.
    """
    program = command[0] if folder is None else str(folder / command[0])
    # Files in memory instead of pipes: lmaster has nothing to do until the command has ended.
    with _memory_file(standard_input) as given, _memory_file() as output, _memory_file() as errors:
        process = await _start(program, command, environment, (given, output, errors))
        is_done = False
        try:
            async with asyncio.timeout(deadline_s):
                code = await process.wait()
            is_done = True
        except TimeoutError:
            message = TIMED_OUT.format(command=command[0], deadline_s=deadline_s)
            raise CommandError(message, Result.TIMEOUT) from None
        finally:
            if not is_done:
                await _kill(process)
        if max(map(_size, (output, errors))) >= _MAX_OUTPUT:
            message = TOO_LONG.format(command=command[0], limit=_MAX_OUTPUT)
            raise CommandError(message, Result.INVALID)
        printed, text = await asyncio.to_thread(_text, output), _text(errors, _MAX_ERRORS)
    if code in _NOT_STARTED and await asyncio.to_thread(_is_missing, program, environment):
        template = MISSING if folder else MISSING_ON_PATH
        message = template.format(command=command[0], folder=visible_path(folder))
        raise CommandError(message, Result.MISSING)
    if code:
        message = FAILED.format(command=command[0], code=code, text=_one_line(text) or "no message")
        raise CommandError(message, _result(text), printed)
    return printed


def _is_missing(program: str, environment: Mapping[str, str]) -> bool:
    return shutil.which(program, path=environment.get("PATH", os.defpath)) is None


@cache
def _launcher() -> Sequence[str]:
    """Return what starts a command: setpriv, if there is one that can do this."""
    program = shutil.which(_SETPRIV)
    if program is None:
        return _PLAIN_LAUNCHER
    launcher = (program, *_KILLED_WITH_LMASTER)
    try:
        subprocess.run([*launcher, "true"], check=True, capture_output=True, timeout=10)  # noqa: S603
    except (OSError, subprocess.SubprocessError):
        return _PLAIN_LAUNCHER
    return launcher


async def _start(
    program: str,
    command: Sequence[str],
    environment: Mapping[str, str],
    streams: Sequence[BinaryIO],
) -> asyncio.subprocess.Process:
    launcher = await asyncio.to_thread(_launcher)
    starting = asyncio.ensure_future(
        asyncio.create_subprocess_exec(
            *launcher,
            program,
            *command[1:],
            stdin=streams[0],
            stdout=streams[1],
            stderr=streams[2],
            env=environment,
            cwd="/",
            start_new_session=True,
        )
    )
    try:
        process = await asyncio.shield(starting)
    except asyncio.CancelledError:
        # asyncio would wait for ever for the end of a process that it has half started.
        await _kill(await starting)
        raise
    except OSError as error:
        message = FAILED.format(command=command[0], code=126, text=error.strerror or error)
        raise CommandError(message, Result.ERROR) from None
    with contextlib.suppress(ProcessLookupError, PermissionError):  # it may have ended already
        resource.prlimit(process.pid, resource.RLIMIT_FSIZE, (_MAX_OUTPUT, _MAX_OUTPUT))
    return process


def _memory_file(text: str = "") -> BinaryIO:
    """Return a file that has a text and no name."""
    file = os.fdopen(os.memfd_create("slurm"), "r+b", buffering=0)
    file.write(text.encode())
    file.seek(0)
    return file


def _size(file: BinaryIO) -> int:
    return os.fstat(file.fileno()).st_size


def _text(file: BinaryIO, limit: int | None = None) -> str:
    """Return the text in a file, of a long one at most *limit* bytes.

    Slurm passes the bytes of names through: what is not UTF-8 must not fail the reading.
    """
    if not _size(file):
        return ""
    with (
        mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as content,
        memoryview(content) as view,
        view[:limit] as part,
    ):
        return str(part, "utf-8", "replace")


async def _kill(process: asyncio.subprocess.Process) -> None:
    """Kill a command and all that it has started: they are a process group."""
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    await process.wait()


def _result(text: str) -> Result:
    lowered = text.lower()
    return (
        Result.DENIED
        if "permission denied" in lowered or "access denied" in lowered
        else Result.ERROR
    )


def _one_line(text: str) -> str:
    return "; ".join(line.strip() for line in text.splitlines() if line.strip())[:300]
