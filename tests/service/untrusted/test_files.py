"""Files that root opens in folders of others."""

import os
import re
from pathlib import Path

import pytest

from fructosa_service.untrusted.files import OF_ANOTHER, SECOND_NAME, open_to_append
from fructosa_service.untrusted.folders import LINK_OF_ANOTHER

NOBODY = (65534, 65534)

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="only root is led to files of others")


@pytest.fixture
def theirs(tmp_path):
    """A folder of another user, and beside it a file of root that must not change."""
    (tmp_path / "precious").write_text("keep")
    folder = tmp_path / "theirs"
    folder.mkdir()
    os.chown(folder, *NOBODY)
    yield folder
    assert "keep" == (tmp_path / "precious").read_text()


def append(path):
    """Append a line to a file."""
    with os.fdopen(open_to_append(path), "a") as file:
        file.write("line\n")


def test_a_file_is_created_and_appended_to(theirs):
    """In a folder of another user too."""
    append(theirs / "x.log")
    append(theirs / "x.log")

    assert "line\nline\n" == (theirs / "x.log").read_text()


def test_links_of_root_are_followed(theirs, tmp_path):
    """From file to file, and to a standard stream as in a container."""
    (tmp_path / "real.log").symlink_to("really.log")
    (tmp_path / "x.log").symlink_to(tmp_path / "real.log")

    append(tmp_path / "x.log")
    open_stderr = open_to_append(Path("/proc/self/fd/2"))
    os.close(open_stderr)

    assert "line\n" == (tmp_path / "really.log").read_text()


def link(path):
    """Make a link of another user to a file of root."""
    path.symlink_to("../precious")
    os.chown(path, *NOBODY, follow_symlinks=False)


def second_name(path):
    """Give a file of root a second name."""
    path.hardlink_to(path.parent.parent / "precious")


def pipe(path):
    """Make a pipe from which nobody reads."""
    os.mkfifo(path)
    os.chown(path, *NOBODY)


@pytest.mark.parametrize(
    ("prepare", "reason"),
    [(link, LINK_OF_ANOTHER), (second_name, SECOND_NAME), (pipe, "No such device or address")],
)
def test_what_another_user_has_prepared_is_refused(theirs, prepare, reason):
    """A link or a second name of a file of root, and a pipe that would block."""
    prepare(theirs / "x.log")

    with pytest.raises(OSError, match=re.escape(reason)):
        append(theirs / "x.log")


def test_a_file_of_another_user_in_a_folder_for_all_is_refused(tmp_path):
    """As in /tmp, where everybody can create it before root does."""
    (tmp_path / "x.log").touch()
    os.chown(tmp_path / "x.log", *NOBODY)

    with pytest.raises(PermissionError, match=OF_ANOTHER):
        append(tmp_path / "x.log")
