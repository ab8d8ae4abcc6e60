"""Folders on whose way root follows no link of another user."""

import os
import re
from pathlib import Path

import pytest

from fructosa_service.untrusted.folders import LINK_OF_ANOTHER, is_roots_alone, opened

as_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root can change the owner of a link")


def test_a_folder_is_found_by_any_path_to_it(tmp_path):
    """Over links, absolute or relative, and over '..'."""
    (tmp_path / "real" / "deep").mkdir(parents=True)
    (tmp_path / "relative").symlink_to("real/deep/..")
    (tmp_path / "absolute").symlink_to(tmp_path / "relative")

    with opened(tmp_path / "real" / ".." / "absolute" / "deep") as folder:
        assert os.path.samestat((tmp_path / "real" / "deep").stat(), os.fstat(folder))


def test_missing_folders_are_made_if_a_mode_is_given(tmp_path):
    """Otherwise they are an error."""
    with pytest.raises(FileNotFoundError), opened(tmp_path / "a" / "b"):
        pass

    with opened(tmp_path / "a" / "b", 0o700):
        assert 0o700 == (tmp_path / "a" / "b").stat().st_mode & 0o777


def test_what_leads_nowhere_is_an_error(tmp_path):
    """A file in place of a folder, and links in a circle."""
    (tmp_path / "file").touch()
    (tmp_path / "circle").symlink_to("circle")

    with pytest.raises(NotADirectoryError), opened(tmp_path / "file"):
        pass
    with pytest.raises(OSError, match="Too many levels"), opened(tmp_path / "circle"):
        pass


@as_root
def test_root_does_not_follow_a_link_of_another_user(tmp_path):
    """That user could let it lead anywhere; no descriptor is left open."""
    (tmp_path / "target").mkdir()
    (tmp_path / "link").symlink_to("target")
    os.chown(tmp_path / "link", 65534, 65534, follow_symlinks=False)
    before = len(list(Path("/proc/self/fd").iterdir()))

    with (
        pytest.raises(PermissionError, match=re.escape(LINK_OF_ANOTHER)),
        opened(tmp_path / "link" / "new", 0o700),
    ):
        pass

    assert [] == list((tmp_path / "target").iterdir())
    assert before == len(list(Path("/proc/self/fd").iterdir()))


@as_root
@pytest.mark.parametrize(
    ("owner", "group", "mode", "expected"),
    [
        (0, 0, 0o755, True),
        (0, 50, 0o2775, True),  # Debian's /usr/local
        (0, 65534, 0o775, False),
        (0, 0, 0o777, False),
        (0, 0, 0o1777, True),  # like /tmp: a file of root stays there
        (65534, 0, 0o755, False),
    ],
)
def test_a_file_is_roots_alone_if_nobody_else_can_change_its_way(
    tmp_path, owner, group, mode, expected
):
    """Over a link too."""
    (tmp_path / "folder").mkdir()
    (tmp_path / "folder" / "module.py").touch()
    (tmp_path / "link").symlink_to("folder")
    os.chown(tmp_path / "folder", owner, group)
    (tmp_path / "folder").chmod(mode)

    assert expected == is_roots_alone(tmp_path / "link" / "module.py")
    assert not is_roots_alone(tmp_path / "missing")
