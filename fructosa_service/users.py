"""Who may ask: users with bcrypt hashes from a file, as ``htpasswd -B`` writes it."""

import base64
import binascii
import hashlib
import os
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from .changes import Kept
from .errors import UsageError

_ENTRY = re.compile(r"(?P<user>[^:\s][^:]*):(?P<hash>\$2[abxy]\$\d\d\$[./A-Za-z0-9]{53})")
# To compare with where a user is not known: the answer must take as long as for one who is.
_NOBODY = b"$2b$10$" + b"." * 53
_KEPT_WRONG = 1000
_MOST_BYTES = 1024 * 1024


class Users:
    """The users of a file, which is read again when it changes.

    bcrypt takes a tenth of a second by design, so verdicts are kept, under a keyed hash: no
    password stays in memory.

    Raises: UsageError when the file, or what checks its hashes, is missing.
    """

    def __init__(self, path: Path) -> None:
        self._bcrypt = _bcrypt()
        self._secret = os.urandom(32)
        self._right: set[bytes] = set()
        self._wrong: set[bytes] = set()
        self._hashes: Kept[Mapping[str, bytes]] = Kept([path], lambda: self._read(path))

    def known(self, authorization: str) -> bool | None:
        """Return the verdict on a header ``Authorization``, None where it's still to be checked."""
        self._hashes.value()  # verdicts of an old file are forgotten
        key = self._key(authorization)
        if key in self._right:
            return True
        return False if key in self._wrong else None

    def check(self, authorization: str) -> bool:
        """Tell whether a header ``Authorization`` names a user and the right password; slow."""
        hashes = self._hashes.value()
        user, password = credentials(authorization)
        is_right = bool(
            self._bcrypt.checkpw(password[:72], hashes.get(user, _NOBODY)) and user in hashes
        )
        if is_right:
            self._right.add(self._key(authorization))
        else:
            if len(self._wrong) >= _KEPT_WRONG:
                self._wrong.clear()
            self._wrong.add(self._key(authorization))
        return is_right

    def _key(self, authorization: str) -> bytes:
        text = authorization.encode("utf-8", "surrogateescape")
        return hashlib.blake2b(text, key=self._secret, digest_size=32).digest()

    def _read(self, path: Path) -> Mapping[str, bytes]:
        found = read_users(path)
        self._right, self._wrong = set(), set()
        return found


def read_users(path: Path) -> dict[str, bytes]:
    """Return the hash of each user in the file at *path*.

    Raises: UsageError with the line that can't be used.
    """
    try:
        with path.open("rb") as file:
            lines = file.read(_MOST_BYTES).decode("utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or "it is not UTF-8 text"
        raise UsageError(f"[web] users file {path}: can't be read: {reason}") from error
    users: dict[str, bytes] = {}
    for number, line in enumerate(lines, 1):
        if not line.strip() or line.startswith("#"):
            continue
        match = _ENTRY.fullmatch(line.strip())
        if match is None or match["user"] in users:
            why = "names a user twice" if match else "is no USER:HASH with a bcrypt hash"
            raise UsageError(f"{path}:{number}: {why}; write lines as htpasswd -B does")
        users[match["user"]] = match["hash"].encode()
    if not users:
        raise UsageError(f"[web] users file {path}: has no user; add one: htpasswd -B {path} USER")
    return users


def credentials(authorization: str) -> tuple[str, bytes]:
    """Return user and password of a header ``Authorization``; empty ones where it has none."""
    scheme, _, text = authorization.partition(" ")
    if scheme.lower() != "basic":
        return "", b""
    try:
        user, _, password = base64.b64decode(text.strip(), validate=True).partition(b":")
    except (binascii.Error, ValueError):
        return "", b""
    # A NUL ends a password for bcrypt, which refuses it therefore.
    return user.decode("utf-8", "replace"), password.replace(b"\0", b"")


def _bcrypt() -> Any:
    try:
        import bcrypt
    except ImportError:
        raise UsageError(
            "[web] users file: passwords are checked by bcrypt, which is not installed; "
            "pip install 'FrUCToSA[users]'"
        ) from None
    return bcrypt
