"""Where jobs are asked for: the running lmaster, or its archive."""

import argparse
import os
import re

import pytest

from fructosa_bridge.client import job_place
from fructosa_bridge.client.job_client import BUSY, JobAnswer, JobClient, NotRunningError
from fructosa_bridge.client.job_place import (
    MEANWHILE,
    NO_ARCHIVE,
    NO_CONFIGURATION,
    NO_JOBS,
    NOT_A_FILE,
    ONLY_ITS_USER,
    START_IT,
    JobPlace,
    from_arguments,
)
from fructosa_bridge.config.jobs_settings import DEFAULT_SOCKET
from fructosa_bridge.job_archive.archive_file import FILE
from fructosa_service.errors import ConfigError, ServiceError, UsageError


@pytest.fixture(autouse=True)
def default_file(tmp_path, monkeypatch):
    """Where a configuration is looked for, if none is named; it is not there."""
    path = tmp_path / "default.conf"
    monkeypatch.setattr(job_place, "DEFAULT_FILE", path)
    return path


@pytest.fixture
def config(tmp_path):
    """A configuration with jobs."""
    path = tmp_path / "lmaster.conf"
    path.write_text(
        f"[lmaster]\ndata directory = {tmp_path}/data\n[slurm]\n[jobs]\nsocket = {tmp_path}/s\n"
    )
    return path


def place_of(config=None, socket=None):
    """Return the place that a command line says."""
    return from_arguments(argparse.Namespace(config=config, socket=socket))


def exactly(text):
    """Return the pattern of a whole message."""
    return f"^{re.escape(text)}$"


def no_lmaster(_):
    """Ask an lmaster that does not run."""
    raise NotRunningError("it does not run")


def test_the_configuration_says_where(config, tmp_path):
    """The socket, and the archive in the data directory."""
    client, archive = place_of(config)

    assert tmp_path / "s" == client._path
    assert tmp_path / "data" / "jobs" / FILE == archive


def test_a_socket_of_the_command_line_comes_first(config, tmp_path):
    """Then the configuration is read only if it is named too: it says where the archive is."""
    other = tmp_path / "other"
    client, archive = place_of(socket=other)
    with_config = place_of(config, other)

    assert (other, None) == (client._path, archive)
    assert (other, FILE) == (with_config.client._path, with_config.archive.name)


def test_without_a_configuration_it_is_the_usual_socket():
    """The archive may be anywhere."""
    client, archive = place_of()

    assert (DEFAULT_SOCKET, None) == (client._path, archive)


def test_a_usual_configuration_that_a_user_may_not_read_is_no_obstacle(
    default_file, config, monkeypatch
):
    """It may hold secrets; but if it is named, that is an error."""
    default_file.write_text(config.read_text())
    monkeypatch.setattr(job_place.os, "access", lambda path, _: path != default_file)
    client, archive = place_of()

    assert (DEFAULT_SOCKET, None) == (client._path, archive)
    assert place_of(default_file).archive is not None
    with pytest.raises(ConfigError, match="cannot be read"):
        place_of(default_file.with_name("none.conf"))


def test_a_configuration_without_jobs_is_an_error(tmp_path):
    """The message says what to add; a wrong one is reported as everywhere."""
    path = tmp_path / "x.conf"
    path.write_text("")
    with pytest.raises(UsageError, match=exactly(NO_JOBS.format(file=path))):
        place_of(path)

    path.write_text("[jobs]\nsocket = s\n")
    with pytest.raises(ConfigError, match="not an absolute path"):
        place_of(path)


def test_the_running_lmaster_answers_and_the_archive_is_not_read(tmp_path):
    """Also if it refuses, or is busy."""
    place = JobPlace(JobClient(tmp_path / "s"), tmp_path / "none")

    def busy(_):
        raise ServiceError(BUSY)

    assert "yes" == place.answer(lambda client: "yes" if client is place.client else "no", str)
    with pytest.raises(ServiceError, match=exactly(BUSY)):
        place.answer(busy, str)


def test_while_it_does_not_run_the_archive_is_read(tmp_path):
    """By those who may; the answer says how old it is."""
    path = tmp_path / FILE
    path.write_bytes(b"")

    path.write_bytes(b"x")
    os.utime(path, (5.0, 5.0))

    found = JobPlace(JobClient(tmp_path / "s"), path).answer(no_lmaster, lambda one: [one.path])

    assert JobAnswer([path], None, 5.0) == found


def test_others_learn_that_it_does_not_run(tmp_path, monkeypatch):
    """And who can read the archive."""
    path = tmp_path / FILE
    place = JobPlace(JobClient(tmp_path / "s"), path)

    def denied(*_):
        raise PermissionError

    monkeypatch.setattr(type(path), "open", denied)
    reason = ONLY_ITS_USER.format(path=path)

    with pytest.raises(ServiceError, match=exactly(reason)):
        place.readable_archive()
    message = MEANWHILE.format(error="it does not run", reason=reason)
    with pytest.raises(ServiceError, match=exactly(message)):
        place.answer(no_lmaster, str)


def test_an_archive_that_is_not_there_is_said_so(tmp_path):
    """Also to root: it is no question of rights."""
    missing, folder = tmp_path / "none", tmp_path
    client = JobClient(tmp_path / "s")

    with pytest.raises(ServiceError, match=exactly(NO_ARCHIVE.format(path=missing))):
        JobPlace(client, missing).readable_archive()
    is_folder = NOT_A_FILE.format(path=folder, reason="Is a directory")
    with pytest.raises(ServiceError, match=exactly(is_folder)):
        JobPlace(client, folder).readable_archive()


def test_an_archive_that_is_not_known_needs_a_configuration(tmp_path):
    """For answers the error is only that lmaster does not run."""
    place = JobPlace(JobClient(tmp_path / "s"), None)

    with pytest.raises(ServiceError, match=exactly(START_IT.format(error="it does not run"))):
        place.answer(no_lmaster, str)
    with pytest.raises(UsageError, match=exactly(NO_CONFIGURATION)):
        place.readable_archive()
