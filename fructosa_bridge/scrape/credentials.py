"""What lmaster shows to the nodes of a section, and wants to see of them: read from files."""

import base64
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from fructosa_service.errors import UsageError
from fructosa_service.file_cache import FileCache
from fructosa_service.web import secret_files

from ..model.access import Access

if TYPE_CHECKING:
    from ssl import SSLContext

T = TypeVar("T")


class Credentials:
    """The files of a section, read when they are needed first, and again when they change."""

    def __init__(
        self, group: str, access: Access, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self.access = access
        self._section = f"[nodes:{group}]"
        self._clock = clock
        self._authorization: FileCache[str] | None = None
        self._context: FileCache[SSLContext] | None = None

    def authorization(self) -> str | None:
        """Return the header Authorization, if there is to be one.

        Raises: UsageError with the file that can't be used.
        """
        files = _present(self.access.password_file, self.access.token_file)
        if not files:
            return None
        if self._authorization is None:
            self._authorization = FileCache(files, self._made_authorization, self._clock)
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
            self._context = FileCache(files, self._made_context, self._clock)
        return self._context.value()

    def _made_authorization(self) -> str:
        if self.access.token_file is not None:
            name = f"{self._section} token file"
            return f"Bearer {secret_files.token(self.access.token_file, name)}"
        password = b""
        if self.access.password_file is not None:
            name = f"{self._section} password file"
            password = secret_files.one_line(self.access.password_file, name)
        pair = f"{self.access.user}:".encode() + password
        return f"Basic {base64.b64encode(pair).decode()}"

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
        if f"{what.upper()}-----".encode() not in secret_files.content(
            path, f"{self._section} {key}"
        ):
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
