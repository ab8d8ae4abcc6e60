"""Root privileges, dropped for good."""

import os
import subprocess
import sys

import pytest

from fructosa_service.daemon import privileges
from fructosa_service.daemon.privileges import Account
from fructosa_service.errors import ServiceError, UsageError

as_root = pytest.mark.skipif(os.geteuid() != 0, reason="needs root, to give it up")
NOBODY = Account("nobody", 65534, 65534, "/nonexistent")


def test_without_a_user_the_daemon_runs_as_the_current_user():
    """Root too."""
    assert privileges.account("lagent", None, None) is None


def test_a_group_without_a_user_is_rejected():
    """Root in another group would still be root."""
    with pytest.raises(UsageError, match=r"\[lagent\] group requires user"):
        privileges.account("lagent", None, "nogroup")


@as_root
@pytest.mark.parametrize(
    ("user", "group", "message"),
    [
        ("nobdy", None, r"\[lmaster\] user = nobdy: the user does not exist"),
        ("nobody", "nogrp", r"\[lmaster\] group = nogrp: the group does not exist"),
    ],
)
def test_an_unknown_user_or_group_is_rejected(user, group, message):
    """The message says what to do."""
    with pytest.raises(UsageError, match=message):
        privileges.account("lmaster", user, group)


@as_root
def test_the_group_of_an_account_is_that_of_the_user_or_another():
    """From the user database."""
    own, other = (privileges.account("lagent", "nobody", group) for group in (None, "daemon"))

    assert (65534, 65534) == (own.user_id, own.group_id)
    assert (65534, 1) == (other.user_id, other.group_id)


@as_root
def test_only_root_can_run_the_daemon_as_another_user():
    """Otherwise it is an error, not a daemon that runs as an unexpected user."""
    code = (
        "import os; from fructosa_service import errors\n"
        "from fructosa_service.daemon import privileges; os.setuid(65534)\n"
        "print(privileges.account('lagent', 'nobody', None))\n"
        "try: privileges.account('lagent', 'root', None)\n"
        "except errors.UsageError as error: print(error)"
    )

    output = subprocess.check_output([sys.executable, "-c", code], text=True).splitlines()

    assert "None" == output[0]
    assert privileges.ONLY_ROOT.format(section="lagent", user="root") == output[1]


@as_root
def test_nothing_of_root_is_left():
    """Neither user, groups nor capabilities; HOME is that of the new user."""
    code = (
        "import os; from fructosa_service.daemon import privileges\n"
        "privileges._check_program = lambda account: None  # only root may read this Python\n"
        "privileges.drop_privileges(privileges.Account('nobody', 65534, 65534, '/nonexistent'))\n"
        "print(os.getresuid(), os.getresgid(), os.getgroups(), os.environ['HOME'])\n"
        "print(*[line.split()[1] for line in open('/proc/self/status') if line[:6] == 'CapEff'])"
    )

    ids, capabilities = subprocess.check_output(
        [sys.executable, "-c", code], text=True
    ).splitlines()

    both = "(65534, 65534, 65534)"
    assert f"{both} {both} [65534] /nonexistent" == ids
    assert 0 == int(capabilities, 16)


@as_root
def test_an_account_that_can_regain_root_is_rejected():
    """Root itself drops nothing."""
    code = (
        "from fructosa_service.daemon.privileges import *\n"
        "drop_privileges(Account('root', 0, 0, '/root'))"
    )

    done = subprocess.run([sys.executable, "-c", code], capture_output=True, check=False, text=True)

    assert "root privileges are not dropped for the user root" in done.stderr


@as_root
def test_a_missing_or_empty_directory_is_handed_over(tmp_path):
    """Its parents belong to root."""
    privileges.hand_over_folder(tmp_path / "a" / "b", NOBODY)
    (tmp_path / "c").mkdir()
    privileges.hand_over_folder(tmp_path / "c", NOBODY)

    owners = [(tmp_path / name).stat().st_uid for name in ("a", "a/b", "c")]
    assert [0, 65534, 65534] == owners


@as_root
def test_a_directory_with_files_of_another_user_is_not_changed(tmp_path):
    """The message has the command for an administrator."""
    (tmp_path / "file").touch()

    with pytest.raises(ServiceError, match=f"chown -R nobody {tmp_path}$"):
        privileges.hand_over_folder(tmp_path, NOBODY)

    assert 0 == tmp_path.stat().st_uid == (tmp_path / "file").stat().st_uid


@as_root
def test_a_log_that_can_not_be_rotated_is_rejected(tmp_path):
    """Renaming a file needs write access to its directory."""
    log = tmp_path / "lagent.log"

    with pytest.raises(ServiceError, match="the user nobody cannot rotate the log"):
        privileges.hand_over_log(log, True, NOBODY)

    assert not log.exists()


@as_root
def test_a_log_without_rotation_can_be_in_a_directory_of_root(tmp_path):
    """logrotate rotates it then."""
    log = tmp_path / "lagent.log"

    privileges.hand_over_log(log, False, NOBODY)

    assert 65534 == log.stat().st_uid


@as_root
def test_a_log_that_is_a_link_is_not_handed_over(tmp_path):
    """It might point to a file that only root may write."""
    (tmp_path / "precious").touch()
    (tmp_path / "hard").hardlink_to(tmp_path / "precious")
    (tmp_path / "soft").symlink_to(tmp_path / "precious")

    privileges.hand_over_log(tmp_path / "hard", False, NOBODY)
    with pytest.raises(ServiceError, match="cannot be created for nobody"):
        privileges.hand_over_log(tmp_path / "soft", False, NOBODY)

    assert 0 == (tmp_path / "precious").stat().st_uid


@as_root
@pytest.mark.parametrize("name", ["link", "link/deep"])
def test_nothing_is_handed_over_behind_a_link_of_another_user(tmp_path, name):
    """That user would become the owner of a folder or a file of root."""
    (tmp_path / "root's").mkdir()
    (tmp_path / "link").symlink_to("root's")
    os.chown(tmp_path / "link", 65534, 65534, follow_symlinks=False)

    with pytest.raises(ServiceError, match="a symbolic link of another user"):
        privileges.hand_over_folder(tmp_path / name, NOBODY)
    with pytest.raises(ServiceError, match="a symbolic link of another user"):
        privileges.hand_over_log(tmp_path / name / "x.log", False, NOBODY)

    assert [] == list((tmp_path / "root's").iterdir())
    assert 0 == (tmp_path / "root's").stat().st_uid
