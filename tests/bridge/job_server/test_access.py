"""Who sees which jobs."""

import grp
import os
import pwd

import pytest

from fructosa_bridge.job_server import access
from fructosa_bridge.job_server.access import (
    NOBODY,
    Viewer,
    overflow_uid,
    unknown_names,
    viewer,
    viewer_of_name,
)

from ..job_archive.filled import view_of

ALICE, BOB = 1000, 1001
_USERS = {"alice": ALICE, "bob": BOB}


@pytest.fixture(autouse=True)
def _known_users(monkeypatch):
    """Two users, and a group with one member."""

    def user(name, uid):
        return pwd.struct_passwd((name, "x", uid, 100, "", "/", "/bin/sh"))

    def by_name(name):
        return user(name, _USERS[name])

    def by_uid(uid):
        return next(user(name, one) for name, one in _USERS.items() if one == _known(uid))

    def group(name):
        return grp.struct_group((name, "x", {"staff": 50, "users": 100}[name], []))

    monkeypatch.setattr(pwd, "getpwnam", by_name)
    monkeypatch.setattr(pwd, "getpwuid", by_uid)
    monkeypatch.setattr(grp, "getgrnam", group)
    monkeypatch.setattr(os, "getgrouplist", lambda name, gid: [gid, *[50] * (name == "alice")])


def _known(uid):
    if uid not in _USERS.values():
        raise KeyError(uid)
    return uid


@pytest.mark.parametrize(
    ("uid", "admins", "group", "is_admin"),
    [
        (0, (), None, True),
        (ALICE, (), None, False),
        (ALICE, ("alice",), None, True),
        (ALICE, ("nobody-of-this-name", "alice"), None, True),
        (BOB, ("alice",), None, False),
        (ALICE, (), "staff", True),
        (BOB, (), "staff", False),
        (BOB, (), "users", True),
        (ALICE, (), "no-group", False),
        (4242, ("alice",), "staff", False),
    ],
)
def test_root_admins_and_members_of_the_admin_group_see_all(uid, admins, group, is_admin):
    """Names and users that do not exist give nobody rights; a primary group counts."""
    assert Viewer(uid, is_admin) == viewer(uid, admins, group)


@pytest.mark.parametrize(
    ("name", "admins", "group", "expected"),
    [
        ("alice", (), None, Viewer(ALICE, is_admin=False)),
        ("alice", ("alice",), None, Viewer(ALICE, is_admin=True)),
        ("alice", (), "staff", Viewer(ALICE, is_admin=True)),
        ("bob", (), "staff", Viewer(BOB, is_admin=False)),
        ("web-only", (), "staff", Viewer(NOBODY, is_admin=False)),
        ("web-only", ("web-only",), None, Viewer(NOBODY, is_admin=True)),
    ],
)
def test_users_of_web_are_the_accounts_of_their_names(name, admins, group, expected):
    """Who has no account has no jobs."""
    assert expected == viewer_of_name(name, admins, group)


def test_a_list_of_groups_that_cannot_be_read_gives_no_rights(monkeypatch):
    """A directory service may be down."""

    def fail(*_):
        raise OSError("no answer")

    monkeypatch.setattr(os, "getgrouplist", fail)

    assert not viewer(ALICE, (), "staff").is_admin


@pytest.mark.parametrize(
    ("uid", "is_admin", "uid_of_run", "sees"),
    [
        (ALICE, False, ALICE, True),
        (ALICE, False, BOB, False),
        (ALICE, False, None, False),
        (ALICE, True, BOB, True),
        (ALICE, True, None, True),
    ],
)
def test_others_see_only_their_own_runs(uid, is_admin, uid_of_run, sees):
    """That of an unknown user is nobody's."""
    assert sees == Viewer(uid, is_admin).sees(view_of()._replace(uid=uid_of_run))


def test_the_user_id_of_unknown_users_is_that_of_the_kernel(monkeypatch, tmp_path):
    """Or the usual one, if the kernel does not say."""
    file = tmp_path / "overflowuid"
    monkeypatch.setattr(access, "_OVERFLOW_UID", file)
    missing = overflow_uid()
    file.write_text("4294967294\n")
    known = overflow_uid()
    file.write_text("?")

    assert [65534, 4294967294, 65534] == [missing, known, overflow_uid()]


def test_names_that_do_not_exist_are_told():
    """Whoever has misspelt one would wonder why it gives no rights."""
    found = unknown_names(("alice", "alcie", "x\0"), "no group")

    assert [
        "admins: there is no user alcie",
        "admins: there is no user 'x\\x00'",
        "admin group: there is no group no group",
    ] == found
    assert [] == unknown_names(("alice",), None)
