"""Reads login sessions: from utmp, or where that has none, from the files of systemd-logind.

Distributions such as Debian 13 have no utmp; others have one where only some programs record
sessions. logind's files are meant for its own library: what a later version calls differently is
absent, not wrong.
"""

import re
from collections.abc import Callable, Iterable, Sequence
from typing import Any, NamedTuple

import psutil

from fructosa_exporter.errors import SensorUnavailable
from fructosa_exporter.kernel import Kernel, below_root
from fructosa_exporter.sources.namespaces import check_root
from fructosa_exporter.sources.readable import readable

NO_LOGINS = "nothing records login sessions: there is no /var/run/utmp and no systemd-logind"

_UTMP = "/var/run/utmp"  # where libc reads it
_SESSIONS = "/run/systemd/sessions"
# It always exists while logind runs; the folder of sessions may exist without it.
_LOGIND = "/run/systemd/seats/seat0"
# No dot: SESSION.ref is a pipe.
_SESSION = re.compile(r"[A-Za-z0-9]{1,64}")
_ASSIGNMENT = re.compile(r"^([A-Z_]{1,64})=(.*)$", re.MULTILINE)
_NUMBER = re.compile(r"[0-9]{1,18}")


class LoginSession(NamedTuple):
    """A login session, named as in psutil; None or empty for what is unknown."""

    name: str
    terminal: str | None
    host: str | None
    started: float | None
    pid: int | None


def login_sessions(
    kernel: Kernel | None = None, utmp: Callable[[], Iterable[Any]] = psutil.users
) -> list[LoginSession]:
    """Return all login sessions; *utmp* returns those of utmp.

    Raises: SensorUnavailable if nothing records them; OSError if what does cannot be read.
    """
    kernel = kernel or Kernel()
    check_root()
    # libc reads that of this process, which in a container is not that of the machine.
    has_utmp = below_root(_UTMP) == _UTMP and kernel.exists(_UTMP)
    recorded = list(utmp()) if has_utmp else []
    if recorded:
        return [
            LoginSession(one.name, one.terminal, one.host, one.started, getattr(one, "pid", None))
            for one in recorded
        ]
    names = [name for name in kernel.names(_SESSIONS) if _SESSION.fullmatch(name)]
    if not names and not has_utmp and not kernel.exists(_LOGIND):
        raise SensorUnavailable(NO_LOGINS)
    return _of_logind(kernel, names)


def _of_logind(kernel: Kernel, names: Sequence[str]) -> list[LoginSession]:
    def text(name: str) -> str | None:
        try:
            return kernel.text(f"{_SESSIONS}/{name}")
        except FileNotFoundError:  # it has just ended
            return ""
        except PermissionError:
            raise
        except OSError:
            return None

    texts = readable("files of login sessions", names, text)
    return [session for _, text in texts if (session := parse_session(text))]


def parse_session(text: str) -> LoginSession | None:
    """Parse logind's file of a session; return None unless somebody is logged in by it.

    A manager of services, a cron job and a screen that waits for a login have sessions too.
    """
    found = dict(_ASSIGNMENT.findall(text))
    if not found.get("CLASS", "").startswith("user") or found.get("STATE") == "closing":
        return None
    microseconds, pid = (
        int(found[key]) if _NUMBER.fullmatch(found.get(key, "")) else None
        for key in ("REALTIME", "LEADER")
    )
    return LoginSession(
        found.get("USER", ""),
        found.get("TTY"),
        found.get("REMOTE_HOST"),
        None if microseconds is None else microseconds / 1e6,
        pid,
    )
