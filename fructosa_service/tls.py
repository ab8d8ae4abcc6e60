"""The certificate of a server, and whose certificates it wants to see."""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from .changes import Kept
from .errors import UsageError

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
        try:
            made.load_cert_chain(self.certificate, self.key, password=_no_password)
        except (OSError, ValueError) as error:
            raise _unusable(f"{self.certificate} with {self.key}", error) from error
        if self.client_ca is not None:
            made.verify_mode = ssl.CERT_REQUIRED
            try:
                made.load_verify_locations(self.client_ca)
            except OSError as error:
                raise _unusable(str(self.client_ca), error) from error
        return made

    def kept(self) -> "Kept[SSLContext]":
        """Return the context, made anew when a file changes."""
        paths = [self.certificate, self.key, *([self.client_ca] if self.client_ca else [])]
        return Kept(paths, self.context)


def _no_password() -> str:
    # Without this OpenSSL would ask on the terminal, and a daemon would wait for ever.
    raise ValueError("the key has a password; write it without one, readable to the daemon alone")


def _unusable(what: str, error: Exception) -> UsageError:
    reason = getattr(error, "strerror", None) or str(error)
    return UsageError(f"[web] {what}: can't be used for TLS: {reason}; give PEM files that match")
