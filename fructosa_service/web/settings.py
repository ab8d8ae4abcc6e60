"""[web] of both daemons: where they listen, TLS, users, and limits."""

from dataclasses import dataclass
from pathlib import Path

from ..config.kinds import LISTENING_ENDPOINT, Endpoint, optional, several, whole
from ..config.path_kind import PATH
from ..config.settings import SectionType, option
from ..errors import KeyProblem, check_pair
from .tls import TLSFiles


@dataclass(frozen=True, kw_only=True)
class WebSettings:
    """Where to listen, TLS, users, and how much is handled at the same time."""

    listen: tuple[Endpoint, ...] = option(
        several(LISTENING_ENDPOINT),
        (),
        "Addresses to listen on, with or without a port; they replace the daemon's own host.",
    )
    tls_certificate: Path | None = option(
        optional(PATH),
        None,
        "Certificate with its chain (PEM). With it and its key, the daemon accepts only TLS. This "
        "file and those below are read again when they change.",
        key="tls certificate",
    )
    tls_key: Path | None = option(
        optional(PATH), None, "The certificate's key (PEM), without a password.", key="tls key"
    )
    client_ca: Path | None = option(
        optional(PATH),
        None,
        "Accept only clients with a certificate that one of these authorities (PEM) has signed.",
        key="client ca",
    )
    client_crl: Path | None = option(
        optional(PATH),
        None,
        "Certificates that these authorities have revoked (PEM). It must have a list of each of "
        "them. After the time of its next update, which it contains, no client is accepted.",
        key="client crl",
    )
    users_file: Path | None = option(
        optional(PATH),
        None,
        "Users with bcrypt hashes, as htpasswd -B writes it. Only they have access.",
        key="users file",
    )
    max_requests: int = option(
        whole("requests", at_least=1, example="40"),
        40,
        "Requests handled at the same time; others get status 503.",
        key="max requests",
    )
    max_connections: int = option(
        whole("connections", at_least=1, at_most=1_000_000, example="1000"),
        1000,
        "Connections open at the same time; a new one then replaces the one idle the longest.",
        key="max connections",
    )

    def __post_init__(self) -> None:
        check_pair(tls_certificate=self.tls_certificate, tls_key=self.tls_key)
        if self.client_ca is not None and self.tls_certificate is None:
            raise KeyProblem("client ca", "requires TLS; set tls certificate and tls key too")
        if self.client_crl is not None and self.client_ca is None:
            raise KeyProblem("client crl", "requires client ca; set client ca too")

    def endpoints(self, host: str, port: int) -> list[Endpoint]:
        """Return where to listen; *host* and *port* are the daemon's own."""
        return [
            Endpoint(one.host, port if one.port is None else one.port)
            for one in self.listen or [Endpoint(host)]
        ]

    @property
    def scheme(self) -> str:
        """The scheme of the pages' URLs."""
        return "http" if self.tls() is None else "https"

    def tls(self) -> TLSFiles | None:
        """Return the files for TLS, None without TLS."""
        if self.tls_certificate is None or self.tls_key is None:
            return None
        return TLSFiles(
            certificate=self.tls_certificate,
            key=self.tls_key,
            client_ca=self.client_ca,
            client_crl=self.client_crl,
        )


WEB = SectionType(
    name="web",
    help="Who has access. Without TLS and users, everybody who can reach the address has.",
    settings=WebSettings,
)
