"""Where the log of a daemon goes."""

import logging
import os
import socket
from pathlib import Path

import pytest

from fructosa_service.errors import ServiceError
from fructosa_service.logs import LoggingSettings, open_log, place_of_daemon


@pytest.fixture
def root_logger():
    """Lend the root logger; it gets back its handlers and its level."""
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    root.handlers.clear()  # open_log() would close them
    yield root
    for handler in root.handlers:
        handler.close()
    root.handlers[:] = handlers
    root.setLevel(level)


def test_without_a_file_the_log_goes_to_standard_error(root_logger, capsys):
    """With level, name and message in a line."""
    open_log(LoggingSettings())

    logging.getLogger("some.name").warning("beware of %s", "dogs")

    assert capsys.readouterr().err.endswith(" WARNING some.name: beware of dogs\n")


def test_messages_below_the_level_are_not_written(root_logger, capsys):
    """INFO is the default; a level is taken over to all loggers."""
    open_log(LoggingSettings(level="ERROR"))

    logging.getLogger("some.name").warning("beware")

    assert capsys.readouterr().err == ""


def test_the_log_goes_to_the_configured_file(root_logger, tmp_path, capsys):
    """And no longer to standard error; text of any language, and of none, can be written."""
    path = tmp_path / "x.log"
    open_log(LoggingSettings(filename=path))

    root_logger.info("heiß, \udcff")

    assert path.read_text("utf-8").endswith(" INFO root: heiß, \\udcff\n")
    assert capsys.readouterr().err == ""


def test_a_full_file_is_rotated(root_logger, tmp_path):
    """And no more than backupCount old ones are kept."""
    path = tmp_path / "x.log"
    open_log(LoggingSettings(filename=path, max_bytes=100, backup_count=2))

    for number in range(10):
        root_logger.info("%060d", number)

    assert {"x.log", "x.log.1", "x.log.2"} == {found.name for found in tmp_path.iterdir()}
    assert path.read_text().endswith("9\n")


def test_a_file_that_can_not_be_written_ends_the_program(root_logger, tmp_path):
    """The message names the file, the reason, and the key to change."""
    path = tmp_path / "missing" / "x.log"

    with pytest.raises(ServiceError) as refused:
        open_log(LoggingSettings(filename=path))

    expected = (
        f"the log file {path} can't be written: No such file or directory; "
        "change [logging] filename, or the folder's permissions"
    )
    assert expected == str(refused.value)


def test_a_daemon_in_the_background_writes_to_syslog(root_logger, tmp_path):
    """With its name and pid, as other daemons do."""
    place = str(tmp_path / "log")
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as syslog:
        syslog.bind(place)
        syslog.settimeout(10)

        open_log(LoggingSettings(), "lagent", Path(place))
        logging.getLogger("some.name").warning("beware")

        expected = f"<28>lagent[{os.getpid()}]: WARNING some.name: beware".encode()
        assert expected == syslog.recv(1000).rstrip(b"\0")


def test_syslog_may_come_later(root_logger, tmp_path, capsys):
    """What is logged before is lost without a word: who started the daemon was told so."""
    place = str(tmp_path / "log")
    open_log(LoggingSettings(), "lagent", Path(place))

    logging.getLogger("some.name").warning("early")
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as syslog:
        syslog.bind(place)
        syslog.settimeout(10)
        logging.getLogger("some.name").warning("late")

        assert syslog.recv(1000).rstrip(b"\0").endswith(b": late")
    assert ("", "") == capsys.readouterr()


def test_who_starts_a_daemon_is_told_where_its_log_goes(tmp_path):
    """In words."""
    (tmp_path / "log").touch()
    file = LoggingSettings(filename=tmp_path / "x.log")

    assert f"its log: {tmp_path}/x.log" == place_of_daemon(file)
    assert "goes to syslog" in place_of_daemon(LoggingSettings(), tmp_path / "log")
    assert "goes nowhere: set [logging] filename" in place_of_daemon(
        LoggingSettings(), tmp_path / "no"
    )
