"""TLS contexts made from PEM files, for servers and for clients."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from ..errors import FileError
from ..file_cache import FileCache
from . import secret_files

LACKS = "contains no {what}; give a PEM file with one"
ENCRYPTED = "has a password; write it without one, readable only by the daemon"
NO_MATCH = "does not match {certificate}; give a certificate and its key"
CAN_NOT_BE_LOADED = "cannot be loaded{together}"  # OpenSSL's error follows

if TYPE_CHECKING:  # importing ssl takes 5 MiB, which programs without TLS need not pay
    from ssl import SSLContext


@dataclass(frozen=True, kw_only=True)
class TLSFiles:
    """The files of a server (PEM): its certificate with its chain, its key.

    And those for its clients: their CA, and the list of certificates that it has revoked.
    """

    certificate: Path
    key: Path
    client_ca: Path | None = None
    client_crl: Path | None = None

    def context(self) -> "SSLContext":
        """Return a server's context, for TLS 1.2 and newer.

        Raises: FileError that names the file which can't be used.
        """
        import ssl

        made = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        made.minimum_version = ssl.TLSVersion.TLSv1_2
        made.options |= ssl.OP_NO_RENEGOTIATION  # cheap for a client to request, costly to grant
        _load_certificate(made, "[web]", self.certificate, self.key)
        if self.client_ca is not None:
            made.verify_mode = ssl.CERT_REQUIRED
            with _loading("[web] client ca", self.client_ca):
                made.load_verify_locations(self.client_ca)
        if self.client_crl is not None:
            made.verify_flags |= ssl.VerifyFlags.VERIFY_CRL_CHECK_LEAF
            with _loading("[web] client crl", self.client_crl, what="X509 CRL"):
                made.load_verify_locations(self.client_crl)
        return made

    def cached(self, clock: Callable[[], float] = time.monotonic) -> "FileCache[SSLContext]":
        """Return the context, which is made again when a file changes."""
        files = _given(self.certificate, self.key, self.client_ca, self.client_crl)
        return FileCache(files, self.context, clock)


@dataclass(frozen=True, kw_only=True)
class ClientTLSFiles:
    """The files of a client (PEM), all optional; *section* is what messages say they belong to.

    Without *ca*, the authorities of the system are trusted.
    """

    section: str
    ca: Path | None = None
    certificate: Path | None = None
    key: Path | None = None

    def context(self) -> "SSLContext":
        """Return a client's context.

        Raises: FileError that names the file which can't be used.
        """
        import ssl

        if self.ca is None:
            made = ssl.create_default_context()
        else:
            with _loading(f"{self.section} tls ca", self.ca):
                made = ssl.create_default_context(cafile=self.ca)
        if self.certificate is not None and self.key is not None:
            _load_certificate(made, self.section, self.certificate, self.key)
        return made

    def cached(self, clock: Callable[[], float] = time.monotonic) -> "FileCache[SSLContext]":
        """Return the context, which is made again when a file changes."""
        return FileCache(_given(self.ca, self.certificate, self.key), self.context, clock)


class _KeyHasPassword(Exception):
    """OpenSSL wants the password of a key."""


def _no_password() -> str:
    # Without this, OpenSSL would ask on the terminal, and a daemon would wait forever.
    raise _KeyHasPassword


def _load_certificate(context: "SSLContext", section: str, certificate: Path, key: Path) -> None:
    key_name = f"{section} tls key"
    with _loading(f"{section} tls certificate", certificate, f" with {key}"):
        _check_pem(key_name, key, "private key")
        try:
            context.load_cert_chain(certificate, key, password=_no_password)
        except _KeyHasPassword as error:
            raise FileError(f"{key_name} {key}: {ENCRYPTED}") from error
        except OSError as error:
            if "MISMATCH" not in str(error):
                raise
            mismatch = NO_MATCH.format(certificate=certificate)
            raise FileError(f"{key_name} {key}: {mismatch}") from error


@contextmanager
def _loading(
    name: str, path: Path, together: str = "", what: str = "certificate"
) -> Iterator[None]:
    """Check that a file contains *what*; turn OpenSSL's error while it is loaded into ours."""
    _check_pem(name, path, what)
    try:
        yield
    except OSError as error:
        problem = CAN_NOT_BE_LOADED.format(together=together)
        raise FileError(f"{name} {path}: {problem}: {error}; give complete PEM files") from error


def _check_pem(name: str, path: Path, what: str) -> None:
    """Raise FileError unless a file contains *what*; OpenSSL does not report which file lacks it.

    *name* is what messages call the file.
    """
    if f"{what.upper()}-----".encode() not in secret_files.content(path, name):
        raise FileError(f"{name} {path}: {LACKS.format(what=what)}")


def _given(*paths: Path | None) -> list[Path]:
    return [path for path in paths if path is not None]
