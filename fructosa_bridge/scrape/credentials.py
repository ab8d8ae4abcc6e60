"""What lmaster shows to the nodes of a section, and wants to see of them: read from files."""

import base64
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from fructosa_service.file_cache import FileCache
from fructosa_service.web import secret_files
from fructosa_service.web.tls import ClientTLSFiles

from ..model.access import Access

if TYPE_CHECKING:
    from ssl import SSLContext


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

        Raises: FileError with the file that can't be used.
        """
        files = _present(self.access.password_file, self.access.token_file)
        if not files:
            return None
        if self._authorization is None:
            self._authorization = FileCache(files, self._made_authorization, self._clock)
        return self._authorization.value()

    def context(self) -> "SSLContext | None":
        """Return a client's context, if TLS is to be spoken.

        Raises: FileError with the file that can't be used.
        """
        access = self.access
        if not access.tls:
            return None
        if self._context is None:
            self._context = ClientTLSFiles(
                section=self._section, ca=access.ca, certificate=access.certificate, key=access.key
            ).cached(self._clock)
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


def _present(*paths: Path | None) -> list[Path]:
    return [path for path in paths if path is not None]
