"""Where commands ask for jobs: the running lmaster; or its archive, for those who may read it."""

import argparse
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

from fructosa_service import cli
from fructosa_service.errors import ServiceError, UsageError, visible_path

from ..config.jobs_settings import DEFAULT_SOCKET
from ..config.settings import DEFAULT_FILE, read_config
from ..job_archive.archive_file import FILE, written_s
from ..job_archive.look_ups import ArchiveReader
from .job_client import JobAnswer, JobClient, NotRunningError

NO_JOBS = "this lmaster keeps no jobs: {file} has no section [jobs]; add it, it may be empty"
ONLY_ITS_USER = "only root and lmaster's user can read the archive of jobs, {path}"
NO_ARCHIVE = "there is no archive of jobs at {path}: lmaster with [jobs] has not run here yet"
NOT_A_FILE = "cannot read the archive of jobs, {path}: {reason}"
# Two lines: what is wrong, and what to do.
START_IT = "{error}\nstart it, or name its socket with --socket"
MEANWHILE = "{error}\nstart it; {reason}"
NO_CONFIGURATION = "lmaster's configuration says where the archive of jobs is; give it with -c"


class JobPlace(NamedTuple):
    """The socket of the running lmaster, and its archive where that is known."""

    client: JobClient
    archive: Path | None

    def answer(
        self,
        ask: Callable[[JobClient], JobAnswer],
        look: Callable[[ArchiveReader], list[dict[str, Any]]],
    ) -> JobAnswer:
        """Return what the running lmaster answers; without one, what is in its archive.

        Raises: ServiceError.
        """
        try:
            return ask(self.client)
        except NotRunningError as error:
            if self.archive is None:
                raise ServiceError(START_IT.format(error=error)) from None
            try:
                archive = self.readable_archive()
            except ServiceError as other:
                raise ServiceError(MEANWHILE.format(error=error, reason=other)) from None
            return JobAnswer(look(ArchiveReader(archive)), written_s=written_s(archive))

    def readable_archive(self) -> Path:
        """Return the file of the archive.

        Raises: UsageError if it is not known; ServiceError if this user cannot read it.
        """
        if self.archive is None:
            raise UsageError(NO_CONFIGURATION)
        path = visible_path(self.archive)
        try:
            self.archive.open("rb").close()
        except PermissionError:
            raise ServiceError(ONLY_ITS_USER.format(path=path)) from None
        except FileNotFoundError:
            raise ServiceError(NO_ARCHIVE.format(path=path)) from None
        except OSError as error:
            raise ServiceError(NOT_A_FILE.format(path=path, reason=error.strerror)) from None
        return self.archive


def from_arguments(arguments: argparse.Namespace) -> JobPlace:
    """Return where to ask, by the command line, or else by the configuration.

    Raises: UsageError if the configuration keeps no jobs; ConfigError, FileError.
    """
    path = _config_of(arguments)
    if path is None:
        return JobPlace(JobClient(arguments.socket or DEFAULT_SOCKET), None)
    config = read_config(path)
    if config.jobs is None:
        raise UsageError(NO_JOBS.format(file=visible_path(path)))
    client = JobClient(arguments.socket or config.jobs.socket)
    return JobPlace(client, config.master.jobs_directory / FILE)


def _config_of(arguments: argparse.Namespace) -> Path | None:
    """Return the configuration to read, None if none is needed or this user may not read it."""
    if arguments.config is None and arguments.socket is not None:
        return None
    path = cli.chosen_config(arguments.config, DEFAULT_FILE)
    if arguments.config is None and path is not None and not os.access(path, os.R_OK):
        return None  # others keep theirs secret; most have the usual socket
    return path
