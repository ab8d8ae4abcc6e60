"""The pid file of a daemon."""

import os
import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fructosa_service.daemon import pid_file
from fructosa_service.daemon.pid_file import (
    CAN_NOT_BE_WRITTEN,
    NOT_A_PID_FILE,
    DaemonState,
    PidFileStatus,
)
from fructosa_service.errors import ServiceError


@pytest.fixture
def path(tmp_path):
    """The path of a pid file, in a directory that does not exist yet."""
    return tmp_path / "run" / "lagent.pid"


@pytest.fixture
def held(path):
    """A pid file that this process has locked."""
    acquired = pid_file.acquire(path)
    yield acquired
    acquired.close()


def test_a_daemon_with_a_locked_file_is_running(held, path):
    """The status has its pid and its URLs."""
    held.write(["http://localhost:9888/metrics"])

    expected = PidFileStatus(DaemonState.RUNNING, os.getpid(), ("http://localhost:9888/metrics",))
    assert expected == pid_file.read_status(path)


def test_without_urls_it_is_starting(held, path):
    """A daemon writes its URLs when it is ready."""
    held.write()

    assert PidFileStatus(DaemonState.STARTING, os.getpid()) == pid_file.read_status(path)


def test_only_one_process_can_lock_it(held, path):
    """Two starts at once give one daemon."""
    assert pid_file.acquire(path) is None


def test_a_file_without_a_lock_is_stale(path):
    """Whichever process has its pid now; here it is the test itself."""
    path.parent.mkdir()
    path.write_text(f"{os.getpid()}\nhttp://localhost:9888/\n")

    assert PidFileStatus(DaemonState.DEAD, os.getpid()) == pid_file.read_status(path)


def test_a_pid_that_does_not_have_the_file_open_is_ignored(held, path):
    """Another process may have locked the file and written that pid, which is not signalled."""
    path.write_text("1\nhttp://localhost:9888/\n")

    assert PidFileStatus(DaemonState.STARTING) == pid_file.read_status(path)


def test_a_stale_file_is_overwritten(path):
    """Its old content is gone."""
    path.parent.mkdir()
    path.write_text("4194304\nhttp://localhost:9888/\n")

    acquired = pid_file.acquire(path)

    assert "" == path.read_text()
    acquired.close()


def test_a_daemon_that_exits_removes_its_file(path):
    """Then it is not running."""
    acquired = pid_file.acquire(path)
    acquired.write(["http://localhost/"])

    acquired.clear()
    acquired.close()

    assert not path.exists()
    assert PidFileStatus(DaemonState.ABSENT) == pid_file.read_status(path)


def test_an_empty_file_means_that_no_daemon_runs(path):
    """A daemon that dropped root can't remove its file from a directory of root."""
    path.parent.mkdir()
    path.touch()

    assert DaemonState.ABSENT is pid_file.read_status(path).state


def test_a_locked_file_is_not_removed(held, path):
    """It belongs to another daemon, which was started meanwhile."""
    pid_file.remove(path)

    assert path.exists()


def test_another_file_is_not_overwritten(path):
    """As -p lagent.conf would."""
    path.parent.mkdir()
    path.write_text("[lagent]\nport = 1\n")

    with pytest.raises(ServiceError, match=re.escape(NOT_A_PID_FILE.format(path=path))):
        pid_file.acquire(path)

    assert "[lagent]\nport = 1\n" == path.read_text()


def test_a_link_is_not_followed(path, tmp_path):
    """In a directory of another user it might point to a file of root."""
    path.parent.mkdir()
    path.symlink_to(tmp_path / "precious")

    refused = CAN_NOT_BE_WRITTEN.format(path=path, reason="Too many levels of symbolic links")
    with pytest.raises(ServiceError, match=re.escape(refused)):
        pid_file.acquire(path)

    assert not (tmp_path / "precious").exists()


def test_a_directory_that_can_not_be_created_is_an_error(tmp_path):
    """A file is in its place; the message says what to do."""
    (tmp_path / "file").touch()

    path = tmp_path / "file" / "lagent.pid"
    refused = CAN_NOT_BE_WRITTEN.format(path=path, reason="File exists")
    with pytest.raises(ServiceError, match=re.escape(refused)):
        pid_file.acquire(path)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can change the owner of a directory")
def test_a_directory_of_another_user_below_tmp_is_rejected():
    """Everybody can create directories there, and replace the files in them."""
    folder = Path("/tmp/fructosa-test-of-another")
    folder.mkdir(exist_ok=True)
    os.chown(folder, 65534, 65534)

    try:
        with pytest.raises(ServiceError, match="belongs to another user"):
            pid_file.acquire(folder / "lagent.pid")
    finally:
        folder.rmdir()


@pytest.mark.parametrize(
    ("environment", "user_id", "expected"),
    [
        ({"XDG_RUNTIME_DIR": "/run/user/0"}, 0, "/run/fructosa/lagent.pid"),
        ({"XDG_RUNTIME_DIR": "/run/user/7"}, 7, "/run/user/7/fructosa/lagent.pid"),
        ({"XDG_RUNTIME_DIR": "here"}, 7, "/tmp/fructosa-7/lagent.pid"),
        ({}, 7, "/tmp/fructosa-7/lagent.pid"),
    ],
)
def test_each_user_has_a_default_path(environment, user_id, expected):
    """A relative XDG_RUNTIME_DIR is ignored, as the XDG specification demands."""
    assert Path(expected) == pid_file.default_path("lagent", environment, user_id)


@given(st.text())
def test_any_text_is_parsed(text):
    """As a valid pid, or as none."""
    pid, urls = pid_file.parse(text)

    assert pid is None or 1 < pid <= 2**22
    assert pid is not None or () == urls


@given(st.integers(2, 2**22), st.lists(st.from_regex(r"\Ahttps?://[a-z.]+:[0-9]+/\Z"), max_size=3))
def test_pid_and_urls_are_parsed(pid, urls):
    """A line each."""
    text = "".join(f"{line}\n" for line in (pid, *urls))

    assert (pid, tuple(urls)) == pid_file.parse(text)


@pytest.mark.parametrize("text", ["0", "1", "-7", "+7", " 7", "7 ", "٧", "99999999", "7.0", "0x7"])
def test_an_invalid_pid_is_ignored(text):
    """Above all that of init, and a process group."""
    assert (None, ()) == pid_file.parse(text)


def test_the_user_of_a_file_has_it_open(tmp_path):
    """As the lock of a queue: the pid in it is only a claim."""
    path = tmp_path / "lock"
    path.write_text(f"{os.getpid()}\n")

    assert pid_file.user_of(path) is None
    with path.open():
        assert os.getpid() == pid_file.user_of(path)
    assert pid_file.user_of(tmp_path / "missing") is None
