"""The certificate of a server, and whose certificates it wants to see."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from ..errors import UsageError
from ..file_cache import FileCache

if TYPE_CHECKING:  # ssl is five megabytes, which who serves without TLS need not pay
    from ssl import SSLContext


@dataclass(frozen=True, kw_only=True)
class TLSFiles:
    """Where the certificate (with its chain), its key, and the CA of clients are (PEM)."""

    certificate: Path
    key: Path
    client_ca: Path | None = None

    def context(self) -> "SSLContext":
        """Return a server's context: TLS 1.2 or newer.

        Raises: UsageError with the file that can't be used.
        """
        import ssl

        made = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        made.minimum_version = ssl.TLSVersion.TLSv1_2
        made.options |= ssl.OP_NO_RENEGOTIATION  # it costs a client nothing to ask for it
        self._load_certificate(made)
        if self.client_ca is not None:
            made.verify_mode = ssl.CERT_REQUIRED
            _load_ca(made, self.client_ca)
        return made

    def _load_certificate(self, context: "SSLContext") -> None:
        _check("tls certificate", self.certificate, "certificate")
        _check("tls key", self.key, "private key")
        try:
            context.load_cert_chain(self.certificate, self.key, password=_no_password)
        except _KeyHasPassword as error:
            raise UsageError(
                f"[web] tls key {self.key}: has a password; write it without one, readable to "
                "the daemon alone"
            ) from error
        except OSError as error:
            if "MISMATCH" in str(error):
                raise UsageError(
                    f"[web] tls key {self.key}: is not the key of {self.certificate}; give the "
                    "two that belong together"
                ) from error
            raise _unusable(f"tls certificate {self.certificate}, or its key", error) from error

    def kept(self, clock: Callable[[], float] = time.monotonic) -> "FileCache[SSLContext]":
        """Return the context, made anew when a file changes."""
        paths = [self.certificate, self.key, *([self.client_ca] if self.client_ca else [])]
        return FileCache(paths, self.context, clock)


class _KeyHasPassword(Exception):
    """OpenSSL wants to know the password of a key."""


def _no_password() -> str:
    # Without this OpenSSL would ask on the terminal, and a daemon would wait for ever.
    raise _KeyHasPassword


def _load_ca(context: "SSLContext", path: Path) -> None:
    _check("client ca", path, "certificate")
    try:
        context.load_verify_locations(path)
    except OSError as error:
        raise _unusable(f"client ca {path}", error) from error


def _check(key: str, path: Path, what: str) -> None:
    """Raise UsageError unless *path* can be read and holds *what*: OpenSSL does not say which."""
    try:
        content = path.read_bytes()
    except OSError as error:
        raise UsageError(f"[web] {key} {path}: can't be read: {error.strerror}") from error
    if f"{what.upper()}-----".encode() not in content:
        raise UsageError(f"[web] {key} {path}: holds no {what}; give a PEM file that does")


def _unusable(what: str, error: OSError) -> UsageError:
    return UsageError(f"[web] {what}: can't be used: {error}; give whole PEM files")
