"""Who may ask over HTTP: the section [web] of both daemons."""

from dataclasses import dataclass
from pathlib import Path

from ..config.kinds import LISTENING_ENDPOINT, Endpoint, optional, several, whole
from ..config.path_kind import PATH
from ..config.settings import SectionType, option
from ..errors import KeyProblem
from .tls import TLSFiles


@dataclass(frozen=True, kw_only=True)
class WebSettings:
    """Where to listen, TLS, users, and how much is served at one time."""

    listen: tuple[Endpoint, ...] = option(
        several(LISTENING_ENDPOINT),
        (),
        "Addresses to listen on, with ports, instead of the daemon's own host and port.",
    )
    tls_certificate: Path | None = option(
        optional(PATH),
        None,
        "Certificate with its chain (PEM); with it, and its key, only TLS is spoken. This file "
        "and those below are read again when they change.",
        key="tls certificate",
    )
    tls_key: Path | None = option(
        optional(PATH), None, "The certificate's key (PEM), without a password.", key="tls key"
    )
    client_ca: Path | None = option(
        optional(PATH),
        None,
        "Only clients whose certificates one of these authorities (PEM) has signed are served.",
        key="client ca",
    )
    users_file: Path | None = option(
        optional(PATH),
        None,
        "Users with bcrypt hashes, as htpasswd -B writes it; who is not in it is not served.",
        key="users file",
    )
    max_requests: int = option(
        whole("requests", at_least=1, example="40"),
        40,
        "Requests answered at one time; more are told to come again.",
        key="max requests",
    )
    max_connections: int = option(
        whole("connections", at_least=1, at_most=1_000_000, example="1000"),
        1000,
        "Connections open at one time; the one that is idle longest makes room for a new one.",
        key="max connections",
    )

    def __post_init__(self) -> None:
        if (self.tls_certificate is None) != (self.tls_key is None):
            is_there, missing = "tls certificate", "tls key"
            if self.tls_certificate is None:
                is_there, missing = missing, is_there
            raise KeyProblem(is_there, f"has no {missing} beside it; set both, or neither")
        if self.client_ca is not None and self.tls_certificate is None:
            raise KeyProblem("client ca", "needs TLS; set tls certificate and tls key too")

    def tls(self) -> TLSFiles | None:
        """Return the files for TLS, if it is to be spoken."""
        if self.tls_certificate is None or self.tls_key is None:
            return None
        return TLSFiles(
            certificate=self.tls_certificate, key=self.tls_key, client_ca=self.client_ca
        )


WEB = SectionType(
    name="web",
    help="Who may ask. Without TLS and users, everybody who can reach the address may.",
    settings=WebSettings,
)
