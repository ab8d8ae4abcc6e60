"""The pid file of a daemon."""

import fcntl
import os
import re
import struct
from functools import partial
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fructosa_service.daemon import file_lock, pid_file
from fructosa_service.daemon.pid_file import (
    CAN_NOT_BE_WRITTEN,
    NOT_A_PID_FILE,
    OF_ANOTHER_USER,
    DaemonState,
    PidFileStatus,
)
from fructosa_service.errors import ServiceError

NAME = "lagent"
# What lagent leaves behind if it is killed. No process has this pid.
STALE = "4194304\nlagent\nhttp://localhost:9888/\n"
as_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root can change the owner of a file")


@pytest.fixture
def path(tmp_path):
    """The path of a pid file, in a directory that does not exist yet."""
    return tmp_path / "run" / "lagent.pid"


@pytest.fixture
def held(path):
    """A pid file that this process has locked."""
    acquired = pid_file.acquire(NAME, path)
    yield acquired
    acquired.close()


def test_a_daemon_with_a_locked_file_is_running(held, path):
    """The status has its pid and its URLs."""
    held.write(["http://localhost:9888/metrics"])

    expected = PidFileStatus(DaemonState.RUNNING, os.getpid(), ("http://localhost:9888/metrics",))
    assert expected == pid_file.read_status(NAME, path)


def test_without_urls_it_is_starting(held, path):
    """A daemon writes its URLs when it is ready."""
    held.write()

    assert PidFileStatus(DaemonState.STARTING, os.getpid()) == pid_file.read_status(NAME, path)


def test_only_one_process_can_lock_it(held, path):
    """Two starts at once give one daemon."""
    assert pid_file.acquire(NAME, path) is None


def test_a_file_without_a_lock_is_stale(path):
    """Whichever process has its pid now; here it is the test itself."""
    path.parent.mkdir()
    path.write_text(STALE.replace("4194304", str(os.getpid())))

    assert PidFileStatus(DaemonState.DEAD, os.getpid()) == pid_file.read_status(NAME, path)


def test_a_pid_that_does_not_have_the_file_open_is_ignored(held, path):
    """Another process may have locked the file and written that pid, which is not signalled."""
    path.write_text(STALE)

    assert PidFileStatus(DaemonState.STARTING) == pid_file.read_status(NAME, path)


def test_a_stale_file_is_overwritten(path):
    """Its old content is gone."""
    path.parent.mkdir()
    path.write_text(STALE)

    acquired = pid_file.acquire(NAME, path)

    assert "" == path.read_text()
    acquired.close()


def test_a_daemon_that_exits_removes_its_file(path):
    """Then it is not running."""
    acquired = pid_file.acquire(NAME, path)
    acquired.write(["http://localhost/"])

    acquired.clear()
    acquired.close()

    assert not path.exists()
    assert PidFileStatus(DaemonState.ABSENT) == pid_file.read_status(NAME, path)


def test_an_empty_file_means_that_no_daemon_runs(path):
    """A daemon that dropped root can't remove its file from a directory of root."""
    path.parent.mkdir()
    path.touch()

    assert DaemonState.ABSENT is pid_file.read_status(NAME, path).state


def test_a_locked_file_is_not_removed(held, path):
    """It belongs to another daemon, which was started meanwhile."""
    pid_file.remove(NAME, path)

    assert path.exists()


@pytest.mark.parametrize(
    "content",
    [
        "[lagent]\nport = 1\n",
        "4194304\n",  # of another daemon, such as cron
        "4194304\nlmaster\nhttp://localhost:9889/\n",
        "4194304\nlagent\nsome text\n",
        "4194304\nlagent\nhttp://localhost/\33[2J\n",
        STALE + "\0" * 10_000,
    ],
)
@pytest.mark.parametrize("is_locked", [False, True])
def test_a_file_with_another_content_is_left_alone(path, content, is_locked):
    """As by -p lagent.conf. It may be locked by its program, which is then not signalled."""
    path.parent.mkdir()
    path.write_text(content)

    with path.open("r+b") as other:
        if is_locked:
            assert file_lock.acquire(other.fileno())
        assert_is_left_alone(path)

    assert content == path.read_text()


@pytest.mark.parametrize("make", [os.mkdir, os.mkfifo, partial(os.symlink, "/dev/zero")])
def test_what_is_no_file_is_not_even_opened(path, make):
    """A link might lead to a file of root, in a directory of another user."""
    path.parent.mkdir()
    make(path)

    assert_is_left_alone(path)

    assert path.exists()


def assert_is_left_alone(path):
    """Assert that start, stop and status refuse a file, with the message that says what to do."""
    refused = re.escape(NOT_A_PID_FILE.format(name=NAME, path=path))
    for act in (pid_file.acquire, pid_file.check_is_ours, pid_file.remove, pid_file.read_status):
        with pytest.raises(ServiceError, match=refused):
            act(NAME, path)


@as_root
def test_a_file_of_another_user_is_not_acted_upon(path):
    """Root would be told by that user which process to end; the status can be seen."""
    path.parent.mkdir()
    path.write_text(STALE)
    os.chown(path, 65534, 65534)

    refused = re.escape(OF_ANOTHER_USER.format(path=path))
    for act in (pid_file.acquire, pid_file.check_is_ours, pid_file.remove):
        with pytest.raises(ServiceError, match=refused):
            act(NAME, path)

    assert (STALE, 65534) == (path.read_text(), path.stat().st_uid)
    assert DaemonState.DEAD is pid_file.read_status(NAME, path).state


def test_who_can_only_read_the_file_can_not_pass_for_the_daemon(path):
    """A lock for reading counts for nothing; the file can still be removed."""
    path.parent.mkdir()
    path.write_text(STALE)

    with path.open("rb") as reader:
        lock = struct.pack("hhqqi", fcntl.F_RDLCK, 0, 0, 0, 0)
        fcntl.fcntl(reader, fcntl.F_OFD_SETLK, lock)
        fcntl.flock(reader, fcntl.LOCK_EX)

        assert DaemonState.DEAD is pid_file.read_status(NAME, path).state
        assert pid_file.acquire(NAME, path) is None
        pid_file.remove(NAME, path)

    assert not path.exists()


def test_a_folder_is_only_made_if_it_may_be(path):
    """Root makes none for a mistyped -p."""
    refused = CAN_NOT_BE_WRITTEN.format(path=path, reason="No such file or directory")
    with pytest.raises(ServiceError, match=re.escape(refused)):
        pid_file.acquire(NAME, path, may_make_folder=False)

    assert not path.parent.exists()


def test_a_directory_that_can_not_be_created_is_an_error(tmp_path):
    """A file is in its place; the message says what to do."""
    (tmp_path / "file").touch()

    path = tmp_path / "file" / "lagent.pid"
    refused = CAN_NOT_BE_WRITTEN.format(path=path, reason="Not a directory")
    with pytest.raises(ServiceError, match=re.escape(refused)):
        pid_file.acquire(NAME, path)


@as_root
def test_a_directory_of_another_user_below_tmp_is_rejected():
    """Everybody can create directories there, and replace the files in them."""
    folder = Path("/tmp/fructosa-test-of-another")
    folder.mkdir(exist_ok=True)
    os.chown(folder, 65534, 65534)

    try:
        with pytest.raises(ServiceError, match="belongs to another user"):
            pid_file.acquire(NAME, folder / "lagent.pid")
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
    pid, urls = pid_file.parse(NAME, f"{text}\n{NAME}\n") or (2, ())

    assert 1 < pid <= 2**22
    assert () == urls
    assert pid_file.parse(NAME, text) is None


@given(st.integers(2, 2**22), st.lists(st.from_regex(r"\Ahttps?://[a-z.]+:[0-9]+/\Z"), max_size=3))
def test_pid_and_urls_are_parsed(pid, urls):
    """A line each."""
    text = "".join(f"{line}\n" for line in (pid, NAME, *urls))

    assert (pid, tuple(urls)) == pid_file.parse(NAME, text)


@pytest.mark.parametrize("text", ["0", "1", "-7", "+7", " 7", "7 ", "٧", "99999999", "7.0", "0x7"])
def test_an_invalid_pid_is_ignored(text):
    """Above all that of init, and a process group."""
    assert pid_file.parse(NAME, f"{text}\n{NAME}\n") is None


def test_the_user_of_a_file_has_it_open(tmp_path):
    """As the lock of a queue: the pid in it is only a claim."""
    path = tmp_path / "lock"
    path.write_text(f"{os.getpid()}\n")

    assert pid_file.user_of(path) is None
    with path.open():
        assert os.getpid() == pid_file.user_of(path)
    assert pid_file.user_of(tmp_path / "missing") is None
