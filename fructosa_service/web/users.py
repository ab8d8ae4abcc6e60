"""Users with bcrypt hashes, from a file as ``htpasswd -B`` writes it."""

import base64
import hashlib
import os
import re
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from ..errors import FileError, pip_install
from ..file_cache import FileCache
from . import secret_files

NOT_A_USER = "is not USER:HASH with a bcrypt hash; write it with htpasswd -B"

# Only what bcrypt accepts: with other costs, or a salt that is not 128 bits, checkpw() raises an
# error. A hash with a cost above 17, which htpasswd does not write, would take over a minute.
_ENTRY = re.compile(
    r"(?P<user>[^:\s][^:]*):"
    r"(?P<hash>\$2[abxy]\$(?:0[4-9]|1[0-7])\$[./A-Za-z0-9]{21}[.Oeu][./A-Za-z0-9]{31})"
)
_REJECTED_LIMIT = 1000
# bcrypt reads no more of a password; its newer versions refuse longer ones.
_PASSWORD_BYTES = 72
_FILE = "[web] users file"


class _Accounts:
    """The hashes in a file, and the verdicts that were reached with them."""

    def __init__(self, hashes: Mapping[str, bytes]) -> None:
        self.hashes = hashes
        self.accepted: set[bytes] = set()
        self.rejected: set[bytes] = set()
        self._most_cost = max(map(_cost, hashes.values()))

    def hashes_of(self, user: str) -> list[bytes]:
        """Return what a password of a *user* is compared with: their hash, if there is one, first.

        The others match nothing. They are there because a wrong password must take as long for
        each name, known or not, whatever the cost of its hash is. Each step of the cost doubles
        the time, so one of each cost that is missing makes it the same.
        """
        hashed = self.hashes.get(user)
        if hashed is None:
            return [_dummy(self._most_cost)]
        return [hashed, *map(_dummy, range(_cost(hashed), self._most_cost))]

    def verdict(self, key: bytes) -> bool | None:
        """Return the verdict that was stored for a *key*, None if there is none."""
        if key in self.accepted:
            return True
        return False if key in self.rejected else None

    def store(self, key: bytes, is_right: bool) -> None:
        """Store a verdict. Guessing drops other rejections, but never an accepted password."""
        if is_right:
            self.accepted.add(key)
            return
        if len(self.rejected) >= _REJECTED_LIMIT:
            self.rejected.clear()
        self.rejected.add(key)


class UsersFile:
    """The users in a file, which is read again when it changes.

    bcrypt takes a tenth of a second by design, so verdicts are stored, under a keyed hash: no
    password stays in memory.

    Raises: FileError if the file can't be used, or if bcrypt is not installed.
    """

    def __init__(
        self,
        path: Path,
        check_password: Callable[[bytes, bytes], bool] | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._check_password = check_password or _bcrypt().checkpw
        self._secret = os.urandom(32)
        self._accounts = FileCache([path], lambda: _Accounts(read_users(path)), clock)

    def known(self, authorization: str) -> bool | None:
        """Return the stored verdict on an ``Authorization`` header, None if there is none."""
        return self._accounts.value().verdict(self._key(*credentials(authorization)))

    def check(self, authorization: str) -> bool:
        """Return whether an ``Authorization`` header has a user and their password; slow."""
        # The file may change during the check: the verdict belongs to the accounts it began with.
        accounts = self._accounts.value()
        user, password = credentials(authorization)
        key = self._key(user, password)
        verdict = accounts.verdict(key)
        if verdict is None:
            hashed, *padding = accounts.hashes_of(user)
            verdict = self._check_password(password, hashed) and user in accounts.hashes
            for dummy in () if verdict else padding:
                self._check_password(password, dummy)
            accounts.store(key, verdict)
        return verdict

    def _key(self, user: str, password: bytes) -> bytes:
        text = user.encode() + b":" + password
        return hashlib.blake2b(text, key=self._secret, digest_size=32).digest()


def read_users(path: Path) -> dict[str, bytes]:
    """Return the hash of each user in the file at *path*.

    Raises: FileError that names the line which can't be used.
    """
    try:
        text = secret_files.content(path, _FILE).decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise FileError(f"{_FILE} {path}: is not UTF-8 text; save it as UTF-8") from error
    users: dict[str, bytes] = {}
    for number, line in enumerate(map(str.strip, text.split("\n")), 1):
        if not line or line.startswith("#"):
            continue
        match = _ENTRY.fullmatch(line)
        if match is None:
            raise FileError(f"{path}:{number}: {NOT_A_USER}")
        if match["user"] in users:
            raise FileError(f"{path}:{number}: duplicate user; remove one of the two lines")
        users[match["user"]] = match["hash"].encode()
    if not users:
        raise FileError(f"{_FILE} {path}: has no users; add one with: htpasswd -B {path} USER")
    return users


def credentials(authorization: str) -> tuple[str, bytes]:
    """Return user and password of an ``Authorization`` header; both are empty if it has none.

    No user in a file has an empty name. The password is cut to what bcrypt reads. One with a NUL
    counts as none, because some versions of bcrypt end the password there.
    """
    scheme, _, text = authorization.partition(" ")
    if scheme.lower() != "basic":
        return "", b""
    try:
        user, _, password = base64.b64decode(text.strip(), validate=True).partition(b":")
        name = user.decode()
    except ValueError:  # invalid Base64 or UTF-8
        return "", b""
    return ("", b"") if b"\0" in password else (name, password[:_PASSWORD_BYTES])


def _cost(hashed: bytes) -> int:
    return int(hashed[4:6])


def _dummy(cost: int) -> bytes:
    return b"$2b$%02d$%b" % (cost, b"." * 53)


def _bcrypt() -> Any:
    try:
        import bcrypt
    except ImportError:
        raise FileError(
            f"{_FILE}: the Python package bcrypt is not installed; install it with "
            f"{pip_install('users')}"
        ) from None
    return bcrypt
