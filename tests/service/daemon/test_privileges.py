"""The rights of root, given up for good."""

import os
import subprocess
import sys

import pytest

from fructosa_service.daemon import privileges
from fructosa_service.daemon.privileges import Account
from fructosa_service.errors import ServiceError, UsageError

as_root = pytest.mark.skipif(os.geteuid() != 0, reason="needs root, to give it up")
NOBODY = Account("nobody", 65534, 65534, "/nonexistent")


def test_without_a_user_one_stays_who_one_is():
    """Root too: who configures nothing gets nothing else."""
    assert privileges.account("lagent", None, None) is None


def test_a_group_alone_is_refused():
    """Root in another group would still be root."""
    with pytest.raises(UsageError, match=r"\[lagent\] group needs user beside it"):
        privileges.account("lagent", None, "nogroup")


@as_root
@pytest.mark.parametrize(
    ("user", "group", "message"),
    [
        ("nobdy", None, r"\[lmaster\] user = nobdy: this machine has no such user; make it"),
        ("nobody", "nogrp", r"\[lmaster\] group = nogrp: this machine has no such group; make it"),
    ],
)
def test_who_is_not_known_here_is_refused(user, group, message):
    """With what to do."""
    with pytest.raises(UsageError, match=message):
        privileges.account("lmaster", user, group)


@as_root
def test_root_becomes_a_user_with_the_users_group_or_another():
    """As the user database has them."""
    own, other = (privileges.account("lagent", "nobody", group) for group in (None, "daemon"))

    assert (65534, 65534) == (own.user_id, own.group_id)
    assert (65534, 1) == (other.user_id, other.group_id)


@as_root
def test_another_user_can_become_nobody_else():
    """It is an error, rather than a daemon that runs as somebody unexpected."""
    code = (
        "import os; from fructosa_service import errors\n"
        "from fructosa_service.daemon import privileges; os.setuid(65534)\n"
        "print(privileges.account('lagent', 'nobody', None))\n"
        "try: privileges.account('lagent', 'root', None)\n"
        "except errors.UsageError as error: print(error)"
    )

    said = subprocess.check_output([sys.executable, "-c", code], text=True).splitlines()

    assert "None" == said[0]
    assert said[1].startswith("[lagent] user = root: only root can become another user")


@as_root
def test_what_is_given_up_is_gone():
    """User, group, all other groups and every capability; and home is another."""
    code = (
        "import os; from fructosa_service.daemon import privileges\n"
        "privileges._check_program = lambda who: None  # the tests' Python may be root's own\n"
        "privileges.become(privileges.Account('nobody', 65534, 65534, '/nonexistent'))\n"
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
def test_a_user_id_that_leads_back_is_noticed():
    """Root's own gives nothing up."""
    code = (
        "from fructosa_service.daemon.privileges import *; become(Account('root', 0, 0, '/root'))"
    )

    done = subprocess.run([sys.executable, "-c", code], capture_output=True, check=False, text=True)

    assert "root can't be given up for root" in done.stderr


@as_root
def test_a_folder_that_is_missing_or_empty_is_handed_over(tmp_path):
    """The folders above it are root's."""
    privileges.hand_over_folder(tmp_path / "a" / "b", NOBODY)
    (tmp_path / "c").mkdir()
    privileges.hand_over_folder(tmp_path / "c", NOBODY)

    owners = [(tmp_path / name).stat().st_uid for name in ("a", "a/b", "c")]
    assert [0, 65534, 65534] == owners


@as_root
def test_a_folder_with_files_of_others_is_not_touched(tmp_path):
    """What is wrong in it is for an administrator to see: the message has the command."""
    (tmp_path / "file").touch()

    with pytest.raises(ServiceError, match=f"chown -R nobody {tmp_path}$"):
        privileges.hand_over_folder(tmp_path, NOBODY)

    assert 0 == tmp_path.stat().st_uid == (tmp_path / "file").stat().st_uid


@as_root
def test_a_log_that_could_not_be_rotated_is_refused(tmp_path):
    """Only who may write into the folder can rename a file in it."""
    log = tmp_path / "lagent.log"

    with pytest.raises(ServiceError, match="the user nobody can't rotate the log"):
        privileges.hand_over_log(log, True, NOBODY)

    assert not log.exists()


@as_root
def test_a_log_without_rotation_may_be_in_roots_folder(tmp_path):
    """logrotate sees to it then."""
    log = tmp_path / "lagent.log"

    privileges.hand_over_log(log, False, NOBODY)

    assert 65534 == log.stat().st_uid


@as_root
def test_a_log_that_is_a_link_is_not_given_away(tmp_path):
    """It might lead to a file that root alone may write."""
    (tmp_path / "precious").touch()
    (tmp_path / "hard").hardlink_to(tmp_path / "precious")
    (tmp_path / "soft").symlink_to(tmp_path / "precious")

    privileges.hand_over_log(tmp_path / "hard", False, NOBODY)
    with pytest.raises(ServiceError, match="can't be made for nobody"):
        privileges.hand_over_log(tmp_path / "soft", False, NOBODY)

    assert 0 == (tmp_path / "precious").stat().st_uid
