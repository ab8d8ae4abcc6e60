"""A certificate authority for tests, and certificates that it signs."""

import datetime
import ssl
from dataclasses import dataclass
from pathlib import Path

import trustme
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization

NAMES = ("localhost", "127.0.0.1")
PASSWORD = "open sesame"  # noqa: S105 - of a key that is only used in tests


@dataclass(frozen=True)
class Pair:
    """The files of a certificate and its key."""

    certificate: Path
    key: Path

    def replace_with(self, other):
        """Replace both files with copies of those of *other*, atomically, by a rename."""
        for path, source in ((self.key, other.key), (self.certificate, other.certificate)):
            new = path.with_suffix(".new")
            new.write_bytes(source.read_bytes())
            new.replace(path)


class Authority:
    """A certificate authority with its files in a *folder*."""

    def __init__(self, folder, name="ca"):
        self._made = trustme.CA()
        self._folder = folder
        self._name = name
        self.certificate = folder / f"{name}.pem"
        self._made.cert_pem.write_to_path(self.certificate)

    def server(self, name="server", **options):
        """Write a certificate for this machine; return its files."""
        return self._write(name, self._made.issue_cert(*NAMES, **options))

    def expired(self):
        """Write a certificate for this machine that expired yesterday; return its files."""
        now = datetime.datetime.now(datetime.UTC)
        day = datetime.timedelta(days=1)
        return self.server("expired", not_before=now - 30 * day, not_after=now - day)

    def client(self, name="client"):
        """Write a client certificate; return its files."""
        return self._write(name, self._made.issue_cert(f"{name}@example.org"))

    def revoked(self, *pairs, expires_in_days=30):
        """Write a list of revoked certificates, with those of *pairs*; return its path."""
        now = datetime.datetime.now(datetime.UTC)
        ca = x509.load_pem_x509_certificate(self._made.cert_pem.bytes())
        made = x509.CertificateRevocationListBuilder().issuer_name(ca.subject)
        made = made.last_update(now - datetime.timedelta(days=60))
        made = made.next_update(now + datetime.timedelta(days=expires_in_days))
        for pair in pairs:
            certificate = x509.load_pem_x509_certificate(pair.certificate.read_bytes())
            entry = x509.RevokedCertificateBuilder().serial_number(certificate.serial_number)
            made = made.add_revoked_certificate(entry.revocation_date(now).build())
        key = serialization.load_pem_private_key(self._made.private_key_pem.bytes(), None)
        path = self._folder / f"{self._name}-{len(pairs)}-{expires_in_days}.crl"
        signed = made.sign(key, hashes.SHA256())
        path.write_bytes(signed.public_bytes(serialization.Encoding.PEM))
        return path

    def client_context(self, client=None):
        """Return a TLS context for a client that trusts this authority; *client* is its pair."""
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


def encrypted_copy(key):
    """Write a copy of a key with a password beside it; return its path."""
    path = key.with_suffix(".locked")
    private_key = serialization.load_pem_private_key(key.read_bytes(), None)
    path.write_bytes(
        private_key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.BestAvailableEncryption(PASSWORD.encode()),
        )
    )
    return path
