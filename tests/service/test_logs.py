"""The log of a daemon."""

import logging
import os
import resource
import socket
from contextlib import contextmanager
from pathlib import Path

import pytest

from fructosa_service.errors import ServiceError
from fructosa_service.logs import (
    CANNOT_WRITE,
    LOGS_TO,
    STAYS_IN_OLD_FILE,
    LoggingSettings,
    log_location,
    open_log,
    reopen_log,
)
from fructosa_service.untrusted.log_text import LIMIT


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


@contextmanager
def file_size_limit(size):
    """Let no file grow beyond *size*; writes fail there as on a full disk."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def test_a_log_that_cannot_be_written_says_so_once_on_standard_error(root_logger, tmp_path, capsys):
    """Without a traceback; once more if it happens again."""
    path = tmp_path / "x.log"
    open_log(LoggingSettings(filename=path, max_bytes=0))
    root_logger.info("before")

    for _ in range(2):
        with file_size_limit(path.stat().st_size):
            root_logger.info("lost")
            root_logger.info("lost")
        root_logger.info("after")

    said = CANNOT_WRITE % (path, "File too large")
    assert capsys.readouterr().err == f"{said}\n{said}\n"
    assert "before" in path.read_text()
    assert "after" in path.read_text()


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


@pytest.mark.parametrize("creates", [True, False])
@pytest.mark.parametrize("max_bytes", [0, 10_000])
def test_a_file_that_was_renamed_is_opened_again(root_logger, tmp_path, creates, max_bytes):
    """As by logrotate, with or without create; what was written before stays in the old one."""
    path, old = tmp_path / "x.log", tmp_path / "x.log.1"
    open_log(LoggingSettings(filename=path, max_bytes=max_bytes))
    root_logger.info("before")

    path.rename(old)
    if creates:
        path.touch()
    root_logger.info("after")
    root_logger.info("later")

    assert [" INFO root: before"] == [line[23:] for line in old.read_text().splitlines()]
    assert [" INFO root: after", " INFO root: later"] == [
        line[23:] for line in path.read_text().splitlines()
    ]


def test_a_file_that_was_truncated_is_written_from_its_start(root_logger, tmp_path):
    """As by logrotate with copytruncate."""
    path = tmp_path / "x.log"
    open_log(LoggingSettings(filename=path))
    root_logger.info("before")

    os.truncate(path, 0)
    root_logger.info("after")

    assert [" INFO root: after"] == [line[23:] for line in path.read_text().splitlines()]


def test_the_new_file_can_be_opened_before_the_next_message(root_logger, tmp_path):
    """At SIGHUP: the old one is then no longer in use."""
    path, old = tmp_path / "x.log", tmp_path / "x.log.1"
    open_log(LoggingSettings(filename=path, level="ERROR"))
    path.rename(old)

    reopen_log()

    assert path.exists()
    (stream,) = (handler.stream for handler in root_logger.handlers)
    assert os.path.samestat(os.fstat(stream.fileno()), path.stat())


def test_text_from_outside_cannot_pass_for_a_message(root_logger, tmp_path):
    """Neither in a message nor in a traceback; a long one is cut."""
    path, forged = tmp_path / "x.log", "2026-11-30 09:00:00,000 INFO root: all is well"
    open_log(LoggingSettings(filename=path))

    root_logger.warning("request: %s", f"\n{forged}\r\33[2J" + "x" * LIMIT)
    try:
        raise ValueError(f"\n{forged}")
    except ValueError:
        root_logger.exception("internal error")

    lines = path.read_text().splitlines()
    assert f"request: \\n{forged}\\r\\x1b[2Jxxx" in lines[0]
    assert "internal error" in lines[1]
    assert all(line.startswith("  ") for line in lines[2:])
    assert f"  {forged}" == lines[-1]


def test_if_the_new_file_cannot_be_opened_the_old_one_stays_in_use(root_logger, tmp_path):
    """It says so once; when the new one can be opened, messages go there."""
    path, old = tmp_path / "x.log", tmp_path / "x.log.1"
    open_log(LoggingSettings(filename=path))

    path.rename(old)
    path.mkdir()
    root_logger.info("one")
    root_logger.info("two")
    path.rmdir()
    root_logger.info("three")

    reason = STAYS_IN_OLD_FILE % (path, "Is a directory")
    texts = [line[24:] for line in old.read_text().splitlines()]
    assert [f"ERROR log: {reason}", "INFO root: one", "INFO root: two"] == texts
    assert path.read_text().endswith(" INFO root: three\n")


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
