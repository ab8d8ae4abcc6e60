"""The pid file of a daemon: its lock tells whether it lives."""

import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fructosa_service.daemon import pid_file
from fructosa_service.daemon.pid_file import DaemonState, PidFileStatus
from fructosa_service.errors import ServiceError


@pytest.fixture
def path(tmp_path):
    """Where a pid file may be; its folder is not there yet."""
    return tmp_path / "run" / "lagent.pid"


@pytest.fixture
def held(path):
    """A pid file that this process holds."""
    taken = pid_file.take(path)
    yield taken
    taken.close()


def test_the_lock_makes_a_daemon_running(held, path):
    """With its pid, and where it serves."""
    held.write(["http://localhost:9888/metrics"])

    expected = PidFileStatus(DaemonState.RUNNING, os.getpid(), ("http://localhost:9888/metrics",))
    assert expected == pid_file.look(path)


def test_without_places_it_is_starting(held, path):
    """A daemon writes its pid first, and where it serves when it is ready."""
    held.write()

    assert PidFileStatus(DaemonState.STARTING, os.getpid()) == pid_file.look(path)


def test_only_one_gets_it(held, path):
    """Two starts at once give one daemon."""
    assert pid_file.take(path) is None


def test_a_file_that_nobody_holds_is_stale(path):
    """Whatever runs under its number today: here it is ourselves."""
    path.parent.mkdir()
    path.write_text(f"{os.getpid()}\nhttp://localhost:9888/\n")

    assert PidFileStatus(DaemonState.DEAD, os.getpid()) == pid_file.look(path)


def test_a_number_that_does_not_hold_the_file_is_not_believed(held, path):
    """Who has locked a file may have written anything into it; nobody is signalled for that."""
    path.write_text("1\nhttp://localhost:9888/\n")

    assert PidFileStatus(DaemonState.STARTING) == pid_file.look(path)


def test_a_stale_file_is_taken_over(path):
    """And its old text is gone."""
    path.parent.mkdir()
    path.write_text("4194304\nhttp://localhost:9888/\n")

    taken = pid_file.take(path)

    assert "" == path.read_text()
    taken.close()


def test_what_ended_in_order_leaves_nothing(path):
    """Neither the file nor a state."""
    taken = pid_file.take(path)
    taken.write(["http://localhost/"])

    taken.clear()
    taken.close()

    assert not path.exists()
    assert PidFileStatus(DaemonState.ABSENT) == pid_file.look(path)


def test_a_file_that_was_emptied_is_as_good_as_none(path):
    """Who gave up root can't remove it from root's folder."""
    path.parent.mkdir()
    path.touch()

    assert DaemonState.ABSENT is pid_file.look(path).state


def test_a_held_file_is_not_removed(held, path):
    """It is another daemon's, which was started in the meantime."""
    pid_file.remove(path)

    assert path.exists()


def test_another_file_is_not_overwritten(path):
    """As -p lagent.conf would."""
    path.parent.mkdir()
    path.write_text("[lagent]\nport = 1\n")

    with pytest.raises(ServiceError, match="holds something else than a pid, and is kept"):
        pid_file.take(path)

    assert "[lagent]\nport = 1\n" == path.read_text()


def test_a_link_is_not_followed(path, tmp_path):
    """In a folder of others it might lead to a file of root's."""
    path.parent.mkdir()
    path.symlink_to(tmp_path / "precious")

    with pytest.raises(ServiceError, match=r"the pid file .* can't be written"):
        pid_file.take(path)

    assert not (tmp_path / "precious").exists()


def test_where_no_folder_can_be_the_message_says_what_to_do(tmp_path):
    """A file is in its place."""
    (tmp_path / "file").touch()

    with pytest.raises(ServiceError, match=r"give another with -p PIDFILE, or set pid file"):
        pid_file.take(tmp_path / "file" / "lagent.pid")


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can make a folder that is another's")
def test_a_folder_of_somebody_else_below_tmp_is_refused():
    """Everybody can make folders there, and could then replace what is in them."""
    folder = Path("/tmp/fructosa-test-of-another")
    folder.mkdir(exist_ok=True)
    os.chown(folder, 65534, 65534)

    try:
        with pytest.raises(ServiceError, match="belongs to somebody else"):
            pid_file.take(folder / "lagent.pid")
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
def test_everybody_has_a_place_of_their_own(environment, user_id, expected):
    """Root's is the system's; a path that is not from the root is none, as the XDG rules say."""
    assert Path(expected) == pid_file.default_path("lagent", environment, user_id)


@given(st.text())
def test_any_text_is_read(text):
    """As a pid that a process can have, or as none."""
    pid, urls = pid_file.parse(text)

    assert pid is None or 1 < pid <= 2**22
    assert pid is not None or () == urls


@given(st.integers(2, 2**22), st.lists(st.from_regex(r"\Ahttps?://[a-z.]+:[0-9]+/\Z"), max_size=3))
def test_what_is_written_is_read(pid, urls):
    """A line each."""
    text = "".join(f"{line}\n" for line in (pid, *urls))

    assert (pid, tuple(urls)) == pid_file.parse(text)


@pytest.mark.parametrize("text", ["0", "1", "-7", "+7", " 7", "7 ", "٧", "99999999", "7.0", "0x7"])
def test_what_no_daemon_can_be_is_no_pid(text):
    """Least of all init, or a whole process group."""
    assert (None, ()) == pid_file.parse(text)
