"""Who may ask: users with bcrypt hashes from a file, as ``htpasswd -B`` writes it."""

import base64
import hashlib
import os
import re
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from ..errors import UsageError
from ..file_cache import FileCache

# What bcrypt accepts: other costs, and a salt of other than 128 bits, raise an error when it's
# asked. Costs above 17, which htpasswd does not write, would keep it busy for a minute and more.
_ENTRY = re.compile(
    r"(?P<user>[^:\s][^:]*):"
    r"(?P<hash>\$2[abxy]\$(?:0[4-9]|1[0-7])\$[./A-Za-z0-9]{21}[.Oeu][./A-Za-z0-9]{31})"
)
_KEPT_WRONG = 1000
# What bcrypt looks at; newer versions of it refuse more.
_PASSWORD_BYTES = 72
_MOST_BYTES = 1024 * 1024


class _Known:
    """The hashes of a file, and the verdicts that were reached with them."""

    def __init__(self, hashes: Mapping[str, bytes]) -> None:
        self.hashes = hashes
        self.right: set[bytes] = set()
        self.wrong: set[bytes] = set()
        # To compare with where a user is not known: that must take as long as for one who is.
        cost = max(found[4:6] for found in hashes.values())
        self.nobody = b"$2b$%b$%b" % (cost, b"." * 53)

    def verdict(self, key: bytes) -> bool | None:
        """Return what was found out about a *key*, None if nothing was."""
        if key in self.right:
            return True
        return False if key in self.wrong else None

    def keep(self, key: bytes, is_right: bool) -> None:
        """Keep a verdict. Whoever guesses makes wrong ones be forgotten, never right ones."""
        if is_right:
            self.right.add(key)
            return
        if len(self.wrong) >= _KEPT_WRONG:
            self.wrong.clear()
        self.wrong.add(key)


class Users:
    """The users of a file, which is read again when it changes.

    bcrypt takes a tenth of a second by design, so verdicts are kept, under a keyed hash: no
    password stays in memory.

    Raises: UsageError when the file, or what checks its hashes, is missing.
    """

    def __init__(
        self,
        path: Path,
        check_password: Callable[[bytes, bytes], bool] | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._check_password = check_password or _bcrypt().checkpw
        self._secret = os.urandom(32)
        self._known = FileCache([path], lambda: _Known(read_users(path)), clock)

    def known(self, authorization: str) -> bool | None:
        """Return the verdict on a header ``Authorization``, None where it's still to be checked."""
        return self._known.value().verdict(self._key(*credentials(authorization)))

    def check(self, authorization: str) -> bool:
        """Tell whether a header ``Authorization`` names a user and the right password; slow."""
        known = self._known.value()  # a verdict on this file is none on one that comes meanwhile
        user, password = credentials(authorization)
        key = self._key(user, password)
        verdict = known.verdict(key)
        if verdict is None:
            found = known.hashes.get(user)
            is_same = self._check_password(password, found or known.nobody)
            verdict = is_same and found is not None
            known.keep(key, verdict)
        return verdict

    def _key(self, user: str, password: bytes) -> bytes:
        text = user.encode() + b":" + password
        return hashlib.blake2b(text, key=self._secret, digest_size=32).digest()


def read_users(path: Path) -> dict[str, bytes]:
    """Return the hash of each user in the file at *path*.

    Raises: UsageError with the line that can't be used.
    """
    try:
        with path.open("rb") as file:
            content = file.read(_MOST_BYTES + 1)
        lines = content.decode("utf-8-sig").split("\n")
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or "it is not UTF-8 text"
        raise UsageError(f"[web] users file {path}: can't be read: {reason}") from error
    if len(content) > _MOST_BYTES:
        raise UsageError(f"[web] users file {path}: is larger than 1 MiB; is it another file?")
    users: dict[str, bytes] = {}
    for number, line in enumerate(map(str.strip, lines), 1):
        if not line or line.startswith("#"):
            continue
        match = _ENTRY.fullmatch(line)
        if match is None or match["user"] in users:
            why = "names a user twice" if match else "is no USER:HASH with a bcrypt hash"
            raise UsageError(f"{path}:{number}: {why}; write lines as htpasswd -B does")
        users[match["user"]] = match["hash"].encode()
    if not users:
        raise UsageError(f"[web] users file {path}: has no user; add one: htpasswd -B {path} USER")
    return users


def credentials(authorization: str) -> tuple[str, bytes]:
    """Return user and password of a header ``Authorization``; empty ones where it has none.

    No user of a file is empty. The password has what bcrypt looks at, and no NUL, which ends it
    for some versions of bcrypt.
    """
    scheme, _, text = authorization.partition(" ")
    if scheme.lower() != "basic":
        return "", b""
    try:
        user, _, password = base64.b64decode(text.strip(), validate=True).partition(b":")
        name = user.decode()
    except ValueError:  # no Base64, or no UTF-8
        return "", b""
    return ("", b"") if b"\0" in password else (name, password[:_PASSWORD_BYTES])


def _bcrypt() -> Any:
    try:
        import bcrypt
    except ImportError:
        raise UsageError(
            "[web] users file: passwords are checked by bcrypt, which is not installed; "
            "pip install 'FrUCToSA[users]'"
        ) from None
    return bcrypt
