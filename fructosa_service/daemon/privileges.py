"""Drops root privileges, after the directories and the log were handed over to the new user."""

import grp
import os
import pwd
import stat
from dataclasses import dataclass, replace
from pathlib import Path

from ..config.kinds import TEXT
from ..errors import REQUIRES, ServiceError, UsageError
from ..untrusted.folders import opened

ONLY_ROOT = (
    "[{section}] user = {user}: only root can run it as another user; start it as root or as "
    "{user}, or remove the key"
)

USER = replace(TEXT, name="user", example="fructosa")
GROUP = replace(TEXT, name="group", example="fructosa")


@dataclass(frozen=True)
class Account:
    """The user and group that a daemon runs as."""

    name: str
    user_id: int
    group_id: int
    home: str


def account(section: str, user: str | None, group: str | None) -> Account | None:
    """Return the account to run as by the keys of a *section*; None to stay the current user.

    Raises: UsageError if the user or group does not exist, or if the process is not root.
    """
    if user is None:
        if group is not None:
            raise UsageError(f"[{section}] group {REQUIRES.format(missing='user')}")
        return None
    try:
        entry = pwd.getpwnam(user)
    except KeyError:
        raise UsageError(
            f"[{section}] user = {user}: the user does not exist; create it with "
            f"useradd --system {user}, or set another"
        ) from None
    if os.geteuid() not in (0, entry.pw_uid):
        raise UsageError(ONLY_ROOT.format(section=section, user=user))
    group_id = entry.pw_gid if group is None else _group(section, group)
    is_other = os.geteuid() != entry.pw_uid
    return Account(user, entry.pw_uid, group_id, entry.pw_dir) if is_other else None


def _group(section: str, group: str) -> int:
    try:
        return grp.getgrnam(group).gr_gid
    except KeyError:
        raise UsageError(
            f"[{section}] group = {group}: the group does not exist; create it with "
            f"groupadd --system {group}, or set another"
        ) from None


def drop_privileges(account: Account) -> None:
    """Become *account*, with all its groups, for good.

    Raises: ServiceError if that fails, or can be undone.
    """
    try:
        os.setgroups(os.getgrouplist(account.name, account.group_id))
        os.setresgid(account.group_id, account.group_id, account.group_id)
        os.setresuid(account.user_id, account.user_id, account.user_id)
    except OSError as error:
        raise ServiceError(
            f"cannot run as the user {account.name}: {error.strerror}; remove the key user, or "
            "start the daemon as root"
        ) from error
    if _can_regain_root():
        raise ServiceError(
            f"root privileges are not dropped for the user {account.name}; set another user"
        )
    os.environ.update(HOME=account.home, USER=account.name, LOGNAME=account.name)
    _check_program(account)


def _check_program(account: Account) -> None:
    """Raise ServiceError unless *account* can read the program: some modules are imported later."""
    for file in (os.__file__, __file__):
        if not os.access(file, os.R_OK):
            raise ServiceError(
                f"the user {account.name} cannot read {file}, so the program would fail later; "
                "install it and its Python where all users can read it, e.g. in /opt"
            )


def _can_regain_root() -> bool:
    try:
        os.setresuid(-1, 0, -1)
    except OSError:
        return False
    return True


def hand_over_folder(path: Path, account: Account) -> None:
    """Create the directory at *path* for *account*, or hand over an empty one of root.

    Raises: ServiceError if that fails, or if it belongs to another user.
    """
    try:
        is_new = not path.exists()
        with opened(path, 0o755) as folder:
            fd = os.open(".", os.O_RDONLY | os.O_DIRECTORY, dir_fd=folder)
            try:
                status = os.fstat(fd)
                if status.st_uid == account.user_id:
                    return
                if is_new or (status.st_uid == 0 and not os.listdir(fd)):  # noqa: PTH208 - of a descriptor
                    os.fchown(fd, account.user_id, account.group_id)
                    return
            finally:
                os.close(fd)
    except OSError as error:
        raise ServiceError(
            f"cannot create the directory {path} for {account.name}: {error.strerror}; create it "
            "by hand"
        ) from error
    raise ServiceError(
        f"the directory {path} does not belong to the user {account.name}; run "
        f"chown -R {account.name} {path}"
    )


def hand_over_log(path: Path, is_rotated: bool, account: Account) -> None:
    """Let *account* write and rotate the log at *path*.

    A missing directory is created; an existing one is not changed.

    Raises: ServiceError if the account can't write or rotate the log.
    """
    if not path.parent.exists():
        hand_over_folder(path.parent, account)
    try:
        with opened(path.parent) as folder:
            status = os.fstat(folder)
            if status.st_uid == account.user_id:
                return  # its owner could trick root into changing another file
            if is_rotated and not _may_write(status, account):
                raise ServiceError(
                    f"the user {account.name} cannot rotate the log {path}, because {path.parent} "
                    "belongs to another user; set [logging] filename to a file in a directory of "
                    "its own, which is created if it is missing, or set maxBytes = 0"
                )
            _give(path.name, folder, account)
    except OSError as error:
        raise ServiceError(
            f"the log file {path} cannot be created for {account.name}: {error.strerror}; "
            "change [logging] filename"
        ) from error


def _may_write(folder: os.stat_result, account: Account) -> bool:
    groups = {account.group_id, *os.getgrouplist(account.name, account.group_id)}
    if folder.st_gid in groups:
        return bool(folder.st_mode & stat.S_IWGRP)
    return bool(folder.st_mode & stat.S_IWOTH)


def _give(name: str, folder: int, account: Account) -> None:
    """Hand over the log file, if it belongs to root and is not a link to another file."""
    flags = os.O_WRONLY | os.O_CREAT | os.O_NOFOLLOW | os.O_NONBLOCK
    fd = os.open(name, flags, 0o644, dir_fd=folder)
    try:
        status = os.fstat(fd)
        if stat.S_ISREG(status.st_mode) and status.st_nlink == 1 and status.st_uid == 0:
            os.fchown(fd, account.user_id, account.group_id)
    finally:
        os.close(fd)
