"""Who sees which jobs: root and administrators see all, everybody else their own."""

import grp
import os
import pwd
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from fructosa_service.errors import visible

from ..job_archive.views import RunView

# What the kernel shows in place of users that a user namespace does not have.
_OVERFLOW_UID = Path("/proc/sys/kernel/overflowuid")
_USUAL_OVERFLOW_UID = 65534
NOBODY = -1
"""The user id of somebody without an account: no job has it."""


@dataclass(frozen=True)
class Viewer:
    """Who asks: a user, and whether they see the jobs of all."""

    uid: int
    is_admin: bool

    @property
    def only_uid(self) -> int | None:
        """The user whose runs alone are looked for; None are those of all."""
        return None if self.is_admin else self.uid

    def sees(self, run: RunView) -> bool:
        """Return whether a run may be shown; one whose user is not known only to administrators."""
        return self.is_admin or (run.uid is not None and run.uid == self.uid)


def overflow_uid() -> int:
    """Return the user id that stands for all users that are not known in a namespace."""
    try:
        return int(_OVERFLOW_UID.read_text())
    except (OSError, ValueError):
        return _USUAL_OVERFLOW_UID


def viewer(uid: int, admins: Iterable[str], admin_group: str | None) -> Viewer:
    """Return who asks. Users and groups are looked up, which may take a while.

    Names that do not exist, now, give nobody rights.
    """
    return Viewer(uid, uid == 0 or _is_one_of(uid, admins) or _is_member(uid, admin_group))


def unknown_names(admins: Iterable[str], admin_group: str | None) -> list[str]:
    """Return which users and groups do not exist on this machine, in words."""
    found = [f"admins: there is no user {visible(name)}" for name in admins if not _is_user(name)]
    if admin_group is not None and not _is_group(admin_group):
        found.append(f"admin group: there is no group {visible(admin_group)}")
    return found


def _is_user(name: str) -> bool:
    try:
        pwd.getpwnam(name)
    except (KeyError, ValueError):
        return False
    return True


def _is_group(name: str) -> bool:
    try:
        grp.getgrnam(name)
    except (KeyError, ValueError):
        return False
    return True


def viewer_of_name(name: str, admins: Iterable[str], admin_group: str | None) -> Viewer:
    """Return who asks, by the name of a user of [web]: their jobs are those of the same account.

    Who is no account of this machine has no jobs. Only *admins* and members of the group see all.
    """
    try:
        uid = pwd.getpwnam(name).pw_uid
    except (KeyError, ValueError):  # a NUL byte
        return Viewer(NOBODY, name in admins)
    return Viewer(uid, name in admins or _is_member(uid, admin_group))


def _is_one_of(uid: int, names: Iterable[str]) -> bool:
    for name in names:
        try:
            if pwd.getpwnam(name).pw_uid == uid:
                return True
        except KeyError:
            continue
    return False


def _is_member(uid: int, group: str | None) -> bool:
    if group is None:
        return False
    try:
        user, wanted = pwd.getpwuid(uid), grp.getgrnam(group).gr_gid
        return wanted in os.getgrouplist(user.pw_name, user.pw_gid)
    except (KeyError, OSError):
        return False
