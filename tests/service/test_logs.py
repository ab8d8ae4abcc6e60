"""The log of a daemon."""

import logging
import os
import socket
from pathlib import Path

import pytest

from fructosa_service.errors import ServiceError
from fructosa_service.logs import LOGS_TO, LoggingSettings, log_location, open_log


@pytest.fixture
def root_logger():
    """The root logger; its handlers and its level are restored at the end."""
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    root.handlers.clear()  # open_log() would close them
    yield root
    for handler in root.handlers:
        handler.close()
    root.handlers[:] = handlers
    root.setLevel(level)


def test_without_a_file_the_log_goes_to_standard_error(root_logger, capsys):
    """A line has level, name and message."""
    open_log(LoggingSettings())

    logging.getLogger("some.name").warning("beware of %s", "dogs")

    assert capsys.readouterr().err.endswith(" WARNING some.name: beware of dogs\n")


def test_messages_below_the_level_are_not_logged(root_logger, capsys):
    """The level holds for all loggers."""
    open_log(LoggingSettings(level="ERROR"))

    logging.getLogger("some.name").warning("beware")

    assert capsys.readouterr().err == ""


def test_the_log_goes_to_the_configured_file(root_logger, tmp_path, capsys):
    """And not to standard error; any text can be written."""
    path = tmp_path / "x.log"
    open_log(LoggingSettings(filename=path))

    root_logger.info("heiß, \udcff")

    assert path.read_text("utf-8").endswith(" INFO root: heiß, \\udcff\n")
    assert capsys.readouterr().err == ""


def test_a_full_file_is_rotated(root_logger, tmp_path):
    """At most backupCount old ones are kept."""
    path = tmp_path / "x.log"
    open_log(LoggingSettings(filename=path, max_bytes=100, backup_count=2))

    for number in range(10):
        root_logger.info("%060d", number)

    assert {"x.log", "x.log.1", "x.log.2"} == {found.name for found in tmp_path.iterdir()}
    assert path.read_text().endswith("9\n")


def test_a_file_that_can_not_be_written_is_an_error(root_logger, tmp_path):
    """The message names the file, the reason, and the key to change."""
    path = tmp_path / "missing" / "x.log"

    with pytest.raises(ServiceError) as caught:
        open_log(LoggingSettings(filename=path))

    message = f"the log file {path} cannot be written: No such file or directory; "
    assert str(caught.value).startswith(f"{message}change [logging] filename")


def test_a_daemon_in_the_background_logs_to_syslog(root_logger, tmp_path):
    """With its name and pid, as other daemons do."""
    address = str(tmp_path / "log")
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as syslog:
        syslog.bind(address)
        syslog.settimeout(10)

        open_log(LoggingSettings(), "lagent", Path(address))
        logging.getLogger("some.name").warning("beware")

        expected = f"<28>lagent[{os.getpid()}]: WARNING some.name: beware".encode()
        assert expected == syslog.recv(1000).rstrip(b"\0")


def test_syslog_may_start_later(root_logger, tmp_path, capsys):
    """Earlier messages are lost silently."""
    address = str(tmp_path / "log")
    open_log(LoggingSettings(), "lagent", Path(address))

    logging.getLogger("some.name").warning("early")
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as syslog:
        syslog.bind(address)
        syslog.settimeout(10)
        logging.getLogger("some.name").warning("late")

        assert syslog.recv(1000).rstrip(b"\0").endswith(b": late")
    assert ("", "") == capsys.readouterr()


def test_the_location_of_the_log_is_reported_in_words(tmp_path):
    """When a daemon is started."""
    (tmp_path / "log").touch()
    file = LoggingSettings(filename=tmp_path / "x.log")

    assert LOGS_TO.format(path=tmp_path / "x.log") == log_location(file)
    assert "logs to syslog" in log_location(LoggingSettings(), tmp_path / "log")
    assert "set [logging] filename" in log_location(LoggingSettings(), tmp_path / "no")
