"""Output files for other programs."""

import os
import stat
from pathlib import Path

import pytest

from fructosa_service import output_files
from fructosa_service.errors import FileError, ServiceError


def test_a_file_is_replaced_at_once_and_keeps_its_mode(tmp_path):
    """A reader that has it open sees the old content; no other file is left."""
    path = tmp_path / "file"
    path.write_text("old")
    path.chmod(0o640)

    with path.open() as reader:
        output_files.write(path, "nëw")
        assert "old" == reader.read()

    assert "nëw" == path.read_text("utf-8")
    assert 0o640 == stat.S_IMODE(path.stat().st_mode)
    assert [path] == list(tmp_path.iterdir())


def test_a_link_stays_a_link(tmp_path):
    """The file that it points to is replaced."""
    (tmp_path / "link").symlink_to("file")

    output_files.write(tmp_path / "link", "text")

    assert (tmp_path / "link").is_symlink()
    assert "text" == (tmp_path / "file").read_text()


@pytest.mark.skipif(os.geteuid() != 0, reason="only root is led to files of others")
def test_root_does_not_follow_the_link_of_another_user(tmp_path):
    """As in a folder of Prometheus: that user would choose which file of root is replaced."""
    (tmp_path / "precious").write_text("keep")
    (tmp_path / "link").symlink_to("precious")
    os.chown(tmp_path / "link", 65534, 65534, follow_symlinks=False)

    with pytest.raises(ServiceError, match="a symbolic link of another user"):
        output_files.write(tmp_path / "link", "text")

    assert "keep" == (tmp_path / "precious").read_text()


def test_a_device_is_written_and_not_replaced():
    """As with --output /dev/null."""
    null = Path(os.devnull)

    output_files.write(null, "text")

    assert null.is_char_device()


def test_a_file_that_can_not_be_written_is_unchanged(tmp_path):
    """The message names it."""
    path = tmp_path / "missing" / "file"

    with pytest.raises(ServiceError, match=f"cannot write {path}: No such file or directory; "):
        output_files.write(path, "text")


def test_a_directory_is_created_with_its_parents(tmp_path):
    """An existing one is not an error, a file in its place is."""
    (tmp_path / "file").touch()
    for _ in range(2):
        output_files.make_folder(tmp_path / "a" / "b")

    assert (tmp_path / "a" / "b").is_dir()
    with pytest.raises(ServiceError, match="cannot create the directory"):
        output_files.make_folder(tmp_path / "file")


def test_only_a_file_with_the_mark_may_be_overwritten(tmp_path):
    """Or one that does not exist."""
    (tmp_path / "ours").write_text("# Made by lmaster\nx")
    (tmp_path / "other").write_text("x")

    for name in ("missing", "ours"):
        output_files.check_is_ours(tmp_path / name, "# Made by lmaster")

    with pytest.raises(FileError, match="was not written by lmaster"):
        output_files.check_is_ours(tmp_path / "other", "# Made by lmaster")
