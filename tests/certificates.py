"""Certificates of a test: an authority of its own, and whom it vouches for."""

import datetime
import ssl
from dataclasses import dataclass
from pathlib import Path

import trustme
from cryptography.hazmat.primitives import serialization

NAMES = ("localhost", "127.0.0.1")
PASSWORD = "open sesame"  # noqa: S105 - of a key that no test may open


@dataclass(frozen=True)
class Pair:
    """The files of a certificate and its key."""

    certificate: Path
    key: Path

    def become(self, other):
        """Take the place of these files' content: another file under each name, as renamed."""
        for mine, its in ((self.key, other.key), (self.certificate, other.certificate)):
            fresh = mine.with_suffix(".fresh")
            fresh.write_bytes(its.read_bytes())
            fresh.replace(mine)


class Authority:
    """A certificate authority whose files lie in a *folder*."""

    def __init__(self, folder, name="ca"):
        self._made = trustme.CA()
        self._folder = folder
        self._name = name
        self.certificate = folder / f"{name}.pem"
        self._made.cert_pem.write_to_path(self.certificate)

    def server(self, name="server", **how):
        """Write a certificate for this machine; return its files."""
        return self._write(name, self._made.issue_cert(*NAMES, **how))

    def expired(self):
        """Write a certificate for this machine that was good until yesterday."""
        now = datetime.datetime.now(datetime.UTC)
        day = datetime.timedelta(days=1)
        return self.server("expired", not_before=now - 30 * day, not_after=now - day)

    def client(self, name="client"):
        """Write a certificate of somebody who asks; return its files."""
        return self._write(name, self._made.issue_cert(f"{name}@example.org"))

    def asking(self, client=None):
        """Return a client's context: it trusts this authority, and shows a certificate if any."""
        context = ssl.create_default_context(cafile=self.certificate)
        if client is not None:
            context.load_cert_chain(client.certificate, client.key)
        return context

    def _write(self, name, issued):
        pair = Pair(
            self._folder / f"{self._name}-{name}.pem", self._folder / f"{self._name}-{name}.key"
        )
        pair.certificate.write_bytes(b"".join(part.bytes() for part in issued.cert_chain_pems))
        issued.private_key_pem.write_to_path(pair.key)
        return pair


def locked(key):
    """Write a key anew beside itself, with a password; return the file."""
    path = key.with_suffix(".locked")
    plain = serialization.load_pem_private_key(key.read_bytes(), None)
    path.write_bytes(
        plain.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.BestAvailableEncryption(PASSWORD.encode()),
        )
    )
    return path
