"""What lmaster shows to the nodes of a section, and wants to see of them: read from files."""

import base64
import re
import stat
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from fructosa_service.changes import Kept
from fructosa_service.errors import UsageError

from .access import Access

if TYPE_CHECKING:
    from ssl import SSLContext

T = TypeVar("T")

_TOKEN = re.compile(rb"[!-~]+")
_MOST_BYTES = 1024 * 1024
_LONGEST_TOKEN = 8000  # servers take header lines of 8 KiB at most


class Credentials:
    """The files of a section, read when they are needed first, and again when they change."""

    def __init__(
        self, group: str, access: Access, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self.access = access
        self._section = f"[nodes:{group}]"
        self._clock = clock
        self._authorization: Kept[str] | None = None
        self._context: Kept[SSLContext] | None = None

    def authorization(self) -> str | None:
        """Return the header Authorization, if there is to be one.

        Raises: UsageError with the file that can't be used.
        """
        files = _present(self.access.password_file, self.access.token_file)
        if not files:
            return None
        if self._authorization is None:
            self._authorization = Kept(files, self._made_authorization, self._clock)
        return self._authorization.value()

    def context(self) -> "SSLContext | None":
        """Return a client's context, if TLS is to be spoken.

        Raises: UsageError with the file that can't be used.
        """
        access = self.access
        if not access.tls:
            return None
        if self._context is None:
            files = _present(access.ca, access.certificate, access.key)
            self._context = Kept(files, self._made_context, self._clock)
        return self._context.value()

    def _made_authorization(self) -> str:
        if self.access.token_file is not None:
            return f"Bearer {self._token(self.access.token_file)}"
        password = b""
        if self.access.password_file is not None:
            password = self._secret("password file", self.access.password_file)
        pair = f"{self.access.user}:".encode() + password
        return f"Basic {base64.b64encode(pair).decode()}"

    def _token(self, path: Path) -> str:
        token = self._secret("token file", path).strip()
        if len(token) > _LONGEST_TOKEN or _TOKEN.fullmatch(token) is None:
            raise self._problem("token file", path, "holds no token; write one word, in ASCII")
        return token.decode()

    def _secret(self, key: str, path: Path) -> bytes:
        """Return the one line of a file; its content is never told."""
        content = self._content(key, path).removesuffix(b"\n").removesuffix(b"\r")
        if not content:
            raise self._problem(key, path, "is empty; write the secret into it")
        if b"\n" in content or b"\r" in content or b"\0" in content:
            raise self._problem(key, path, "has several lines; write the secret into one")
        return content

    def _content(self, key: str, path: Path) -> bytes:
        try:
            if not stat.S_ISREG(path.stat().st_mode):  # a pipe would keep everybody waiting
                raise self._problem(key, path, "is no file; give the path of one")
            with path.open("rb") as file:
                content = file.read(_MOST_BYTES + 1)
        except OSError as error:
            why = f"can't be read: {error.strerror}; check the path and its permissions"
            raise self._problem(key, path, why) from error
        if len(content) > _MOST_BYTES:
            raise self._problem(key, path, f"has more than {_MOST_BYTES} bytes; check the path")
        return content

    def _made_context(self) -> "SSLContext":
        import ssl  # five megabytes, which a cluster without TLS need not pay

        access = self.access
        if access.ca is not None:
            self._check_pem("tls ca", access.ca, "certificate")
        try:
            made = ssl.create_default_context(cafile=access.ca)
        except OSError as error:
            raise self._unusable("tls ca", access.ca, error) from error
        if access.certificate is not None and access.key is not None:
            self._check_pem("tls certificate", access.certificate, "certificate")
            self._check_pem("tls key", access.key, "private key")
            try:
                made.load_cert_chain(access.certificate, access.key, password=_no_password)
            except _KeyHasPassword as error:
                why = "has a password; write it without one, readable to lmaster alone"
                raise self._problem("tls key", access.key, why) from error
            except OSError as error:
                raise self._unusable("tls certificate", access.certificate, error) from error
        return made

    def _check_pem(self, key: str, path: Path, what: str) -> None:
        """Raise UsageError unless a file holds *what*: OpenSSL does not say which of them."""
        if f"{what.upper()}-----".encode() not in self._content(key, path):
            raise self._problem(key, path, f"holds no {what}; give a PEM file that does")

    def _unusable(self, key: str, path: Path | None, error: OSError) -> UsageError:
        if "MISMATCH" in str(error):
            return self._problem(key, path, "does not belong to tls key; give two that match")
        return self._problem(key, path, "can't be used; give a whole PEM file")

    def _problem(self, key: str, path: Path | None, what: str) -> UsageError:
        return UsageError(f"{self._section} {key} {path}: {what}")


class _KeyHasPassword(Exception):
    """OpenSSL wants to know the password of a key."""


def _no_password() -> str:
    # Without this OpenSSL would ask on the terminal, and a daemon would wait for ever.
    raise _KeyHasPassword


def _present(*paths: Path | None) -> list[Path]:
    return [path for path in paths if path is not None]
