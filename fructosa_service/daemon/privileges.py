"""The rights of root, given up for good; and what root makes ready for whom it becomes."""

import grp
import os
import pwd
import stat
from dataclasses import dataclass, replace
from pathlib import Path

from ..config.kinds import TEXT
from ..errors import ServiceError, UsageError

USER = replace(TEXT, name="user", example="fructosa")
GROUP = replace(TEXT, name="group", example="fructosa")


@dataclass(frozen=True)
class Account:
    """Whom a daemon becomes."""

    name: str
    user_id: int
    group_id: int
    home: str


def account(section: str, user: str | None, group: str | None) -> Account | None:
    """Return whom to become by the keys of a *section*; None to stay who we are.

    Raises: UsageError when there is no such user or group, or when we are not root.
    """
    if user is None:
        if group is not None:
            raise UsageError(f"[{section}] group needs user beside it; set both, or neither")
        return None
    try:
        found = pwd.getpwnam(user)
    except KeyError:
        raise UsageError(
            f"[{section}] user = {user}: this machine has no such user; make it "
            f"(useradd --system {user}), or give another"
        ) from None
    if os.geteuid() not in (0, found.pw_uid):
        raise UsageError(
            f"[{section}] user = {user}: only root can become another user; start it as root or "
            f"as {user}, or leave the key out"
        )
    group_id = found.pw_gid if group is None else _group(section, group)
    is_other = os.geteuid() != found.pw_uid
    return Account(user, found.pw_uid, group_id, found.pw_dir) if is_other else None


def _group(section: str, group: str) -> int:
    try:
        return grp.getgrnam(group).gr_gid
    except KeyError:
        raise UsageError(
            f"[{section}] group = {group}: this machine has no such group; make it "
            f"(groupadd --system {group}), or give another"
        ) from None


def become(who: Account) -> None:
    """Give up root for *who*, with all groups, for good.

    Raises: ServiceError when that fails, or can be undone.
    """
    try:
        os.setgroups(os.getgrouplist(who.name, who.group_id))
        os.setresgid(who.group_id, who.group_id, who.group_id)
        os.setresuid(who.user_id, who.user_id, who.user_id)
    except OSError as error:
        raise ServiceError(
            f"can't become the user {who.name}: {error.strerror}; leave out user, or let root start"
        ) from error
    if _can_come_back():
        raise ServiceError(f"root can't be given up for {who.name}; leave user out, or ask why")
    os.environ.update(HOME=who.home, USER=who.name, LOGNAME=who.name)
    _check_program(who)


def _check_program(who: Account) -> None:
    """Raise ServiceError unless *who* may read the program: modules are loaded later, too."""
    for file in (os.__file__, __file__):
        if not os.access(file, os.R_OK):
            raise ServiceError(
                f"the user {who.name} can't read {file}, so the program would fail sooner or "
                "later; install it, and its Python, where everybody may read: in /opt, say"
            )


def _can_come_back() -> bool:
    try:
        os.setresuid(-1, 0, -1)
    except OSError:
        return False
    return True


def hand_over_folder(path: Path, who: Account) -> None:
    """Make the folder at *path* for *who*; an empty one of root's is given to them.

    Raises: ServiceError when it can't be, or when it is somebody else's.
    """
    try:
        is_new = not path.exists()
        path.mkdir(mode=0o755, parents=True, exist_ok=True)
        found = path.stat()
        if found.st_uid == who.user_id:
            return
        if is_new or (found.st_uid == 0 and not any(path.iterdir())):
            os.chown(path, who.user_id, who.group_id, follow_symlinks=False)
            return
    except OSError as error:
        raise ServiceError(
            f"can't make the folder {path} for {who.name}: {error.strerror}; make it by hand"
        ) from error
    raise ServiceError(
        f"the folder {path} is not that of the user {who.name}: chown -R {who.name} {path}"
    )


def hand_over_log(path: Path, is_rotated: bool, who: Account) -> None:
    """Make it possible for *who* to write the log at *path*, and to rotate it.

    A folder that is missing is made for them; one that is there is kept as it is.

    Raises: ServiceError when they can't write, or not rotate.
    """
    if not path.parent.exists():
        hand_over_folder(path.parent, who)
    folder = path.parent.stat()
    if folder.st_uid == who.user_id:
        return  # theirs: to change files for root there would be a trap
    if is_rotated and not _may_write(folder, who):
        raise ServiceError(
            f"the user {who.name} can't rotate the log {path}, as {path.parent} is not theirs; "
            "give [logging] filename in a folder of their own, which is made if it is missing, "
            "or set maxBytes = 0"
        )
    _give(path, who)


def _may_write(folder: os.stat_result, who: Account) -> bool:
    groups = {who.group_id, *os.getgrouplist(who.name, who.group_id)}
    if folder.st_gid in groups:
        return bool(folder.st_mode & stat.S_IWGRP)
    return bool(folder.st_mode & stat.S_IWOTH)


def _give(path: Path, who: Account) -> None:
    """Give the log file to *who*: root's own only, and no link to another file."""
    try:
        fd = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_NOFOLLOW | os.O_NONBLOCK, 0o644)
        try:
            found = os.fstat(fd)
            if stat.S_ISREG(found.st_mode) and found.st_nlink == 1 and found.st_uid == 0:
                os.fchown(fd, who.user_id, who.group_id)
        finally:
            os.close(fd)
    except OSError as error:
        raise ServiceError(
            f"the log file {path} can't be made for {who.name}: {error.strerror}; "
            "change [logging] filename"
        ) from error
