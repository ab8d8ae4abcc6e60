"""The unix socket at which people ask: how it is made, left, and who asks."""

import os
import re
import socket
import stat
import threading

import pytest

from fructosa_bridge.job_server.unix_socket import (
    CANNOT_LISTEN,
    IN_USE,
    NOT_A_SOCKET,
    TOO_LONG,
    listener,
    peer_uid,
)
from fructosa_service.errors import ServiceError

from .other_user import OTHER_UID, ask_as, folder_for_all, needs_root


@pytest.fixture
def strict_umask():
    """A umask as some have it for files that are nobody else's business."""
    before = os.umask(0o077)
    yield
    os.umask(before)


def mode(path):
    """Return the permissions of a file."""
    return stat.S_IMODE(path.lstat().st_mode)


def bound(path):
    """Return a socket that is bound to a path, and does not listen yet."""
    made = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    made.bind(str(path))
    return made


def refused(path, reason):
    """Return the check that listening at *path* fails with this reason."""
    message = CANNOT_LISTEN.format(path=path, reason=reason)
    return pytest.raises(ServiceError, match=f"^{re.escape(message)}$")


def fails(path):
    """Listen at a path that cannot be listened at."""
    with listener(path):
        pass


@pytest.mark.usefixtures("strict_umask")
def test_everybody_may_connect_whatever_the_umask_is(tmp_path):
    """Folders that are made can be entered by all, too."""
    path = tmp_path / "run" / "fructosa" / "lmaster.sock"

    with listener(path), socket.socket(socket.AF_UNIX) as client:
        client.connect(str(path))
        modes = [mode(one) for one in (path, path.parent, path.parent.parent)]

    assert [0o666, 0o755, 0o755] == modes


@pytest.mark.usefixtures("strict_umask")
def test_a_folder_that_exists_is_left_as_it_is(tmp_path):
    """Somebody may have given it to a group only."""
    folder = tmp_path / "run"
    folder.mkdir(mode=0o700)
    folder.chmod(0o750)

    with listener(folder / "s"):
        modes = [mode(folder), mode(folder / "s")]

    assert [0o750, 0o666] == modes


def test_it_is_removed_at_the_end(tmp_path):
    """Also if the listener was closed before, as a server does, or is gone."""
    with listener(tmp_path / "a"):
        pass
    with listener(tmp_path / "b") as made:
        made.close()
    with listener(tmp_path / "c"):
        (tmp_path / "c").unlink()

    assert [] == list(tmp_path.iterdir())


@pytest.mark.parametrize("is_closed", [False, True])
def test_the_socket_of_another_process_is_not_removed(tmp_path, is_closed):
    """Somebody removed ours, and another lmaster listens there by now."""
    path = tmp_path / "s"

    with listener(path) as made:
        path.unlink()
        if is_closed:  # then the new one may get the same inode
            made.close()
        other = bound(path)
    exists = path.exists()
    other.close()

    assert exists


def test_what_a_dead_process_left_is_replaced(tmp_path):
    """After a kill the file is still there, and nobody listens."""
    path = tmp_path / "s"
    bound(path).close()

    with listener(path) as made, socket.socket(socket.AF_UNIX) as client:
        client.connect(str(path))
        accepted, _ = made.accept()
        accepted.close()

    assert not path.exists()


def test_a_socket_in_use_is_an_error_and_stays_in_use(tmp_path):
    """Two lmasters cannot share it."""
    path = tmp_path / "s"

    with listener(path) as made:
        with refused(path, IN_USE):
            fails(path)
        with socket.socket(socket.AF_UNIX) as client:
            client.connect(str(path))
            made.accept()[0].close()


def test_of_two_that_start_at_once_one_listens(tmp_path):
    """Both find the socket of a dead process; neither removes that of the other."""
    path = tmp_path / "s"
    for _ in range(50):
        bound(path).close()
        begin, end, found = threading.Barrier(2), threading.Barrier(2), []

        def start(begin=begin, end=end, found=found):
            begin.wait()
            try:
                with listener(path):
                    end.wait()
                    found.append(path.exists())
                    end.wait()
            except ServiceError as error:
                found.append(str(error))
                end.wait()
                end.wait()

        threads = [threading.Thread(target=start) for _ in range(2)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

        assert {True, CANNOT_LISTEN.format(path=path, reason=IN_USE)} == set(found)
        assert [] == list(tmp_path.iterdir())


def test_only_its_user_can_lock_it(tmp_path):
    """Else any user could keep lmaster from starting."""
    with listener(tmp_path / "s"):
        assert 0o600 == mode(tmp_path / "s.lock")


def test_what_a_dead_process_locked_is_free(tmp_path):
    """The file stays after a kill; the kernel has unlocked it."""
    (tmp_path / "s.lock").write_text("")

    with listener(tmp_path / "s"):
        pass

    assert [] == list(tmp_path.iterdir())


def test_a_socket_at_which_many_wait_is_in_use(tmp_path):
    """Its process does not accept connections at present."""
    path = tmp_path / "s"

    with bound(path) as busy, socket.socket(socket.AF_UNIX) as client:
        busy.listen(0)
        client.connect(str(path))
        with refused(path, IN_USE):
            fails(path)


@pytest.mark.parametrize("kind", ["file", "folder", "link"])
def test_another_file_of_that_name_is_not_touched(tmp_path, kind):
    """Whoever configured it may have meant another path."""
    path = tmp_path / "s"
    if kind == "file":
        path.write_text("precious")
    elif kind == "folder":
        path.mkdir()
    else:
        path.symlink_to(tmp_path / "none")
    before = path.lstat()

    with refused(path, NOT_A_SOCKET):
        fails(path)

    assert before == path.lstat()


def test_a_path_that_is_too_long_is_an_error(tmp_path):
    """The kernel takes 107 bytes."""
    path = tmp_path / ("s" * 108)

    with refused(path, TOO_LONG):
        fails(path)

    assert [] == list(tmp_path.iterdir())


def test_a_folder_that_cannot_be_made_is_an_error(tmp_path):
    """With the reason of the system."""
    (tmp_path / "file").write_text("")

    with refused(tmp_path / "file" / "s", "File exists"):
        fails(tmp_path / "file" / "s")


def test_the_peer_is_the_user_of_the_process_that_connected():
    """Here it is this process."""
    ours, theirs = socket.socketpair(socket.AF_UNIX)
    with ours, theirs:
        assert os.geteuid() == peer_uid(ours)


@needs_root
@pytest.mark.parametrize("uid", [OTHER_UID, 3_000_000_000])
def test_the_peer_may_be_another_user(uid):
    """Directories of large sites give ids above 2^31, too."""
    with folder_for_all() as folder, listener(folder / "s") as made:
        made.setblocking(True)
        asking = threading.Thread(target=ask_as, args=(uid, folder / "s", "x"))
        asking.start()
        accepted, _ = made.accept()
        with accepted:
            found = peer_uid(accepted)
            accepted.recv(1)
        asking.join()

    assert uid == found
