"""How to access a Grafana: its URL, credentials, CA and timeout."""

import ssl
from dataclasses import dataclass, field
from pathlib import Path

from fructosa_service.errors import FileError, UsageError
from fructosa_service.web import secret_files

from .base_url import base_url

BELONG_TOGETHER = "--user and --password-file belong together; give both or neither"


@dataclass(frozen=True, kw_only=True)
class GrafanaAccess:
    """How to access a Grafana; *timeout_s* applies to each whole request."""

    url: str
    ca: Path | None = None
    token: str | None = field(default=None, repr=False)
    user: str | None = None
    password: bytes = field(default=b"", repr=False)
    timeout_s: float = 60.0

    @property
    def credentials_option(self) -> str | None:
        """The command line option with the credentials, None without credentials."""
        if self.token is not None:
            return "--token-file"
        return None if self.user is None else "--user"


def grafana_access(
    url: str,
    *,
    ca: Path | None = None,
    token_file: Path | None = None,
    user: str | None = None,
    password_file: Path | None = None,
) -> GrafanaAccess:
    """Return the access that command line options describe.

    Raises: UsageError if an option cannot be used.
    """
    if (user is None) != (password_file is None):
        raise UsageError(BELONG_TOGETHER)
    if user is not None and token_file is not None:
        raise UsageError("--token-file and --user cannot be combined; give only one of them")
    if ca is not None:
        _check_ca(ca)
    return GrafanaAccess(
        url=base_url(url, "--push"),
        ca=ca,
        token=None if token_file is None else secret_files.token(token_file, "--token-file"),
        user=user,
        password=secret_files.one_line(password_file, "--password-file") if password_file else b"",
    )


def _check_ca(ca: Path) -> None:
    """Raise FileError unless *ca* is a PEM file with certificates, or a directory."""
    if ca.is_dir():
        return
    if b"CERTIFICATE-----" not in secret_files.content(ca, "--ca"):
        raise FileError(f"--ca {ca}: contains no certificate; give a PEM file with one")
    try:
        ssl.create_default_context(cafile=ca)
    except OSError as error:
        raise FileError(f"--ca {ca}: cannot be loaded; give a complete PEM file") from error
