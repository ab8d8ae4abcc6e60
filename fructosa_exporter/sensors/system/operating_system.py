"""The operating system, the time of boot, and login sessions."""

import os
import re
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from fructosa_exporter.errors import SensorUnavailable
from fructosa_exporter.kernel import Kernel, is_host_elsewhere, is_in_the_past, is_root_known
from fructosa_exporter.metrics import Sample, gauge, info
from fructosa_exporter.sensor import Sensor, SensorOptions, SlowSensorOptions, time_interval
from fructosa_exporter.sources.logins import LoginSession, login_sessions
from fructosa_exporter.sources.proc_stat import SHARED
from fructosa_service.config.kinds import YES_NO
from fructosa_service.config.settings import option

# os-release(5): the second is used if the first is missing.
_RELEASE_FILES = ("/etc/os-release", "/usr/lib/os-release")
_RELEASE_KEYS = ("ID", "VERSION_ID", "NAME", "PRETTY_NAME")
WRONG_CLOCK = "the clock of the node is wrong"

_ASSIGNMENT = re.compile(r"""([A-Z][A-Z0-9_]*)=(?:"((?:[^"\\]++|\\.)*+)"|'([^']*)'|([^\s"'#]*))""")


class OperatingSystem(Sensor):
    """Kernel and distribution of the node.

    Source: uname(2), and /etc/os-release or /usr/lib/os-release. In a container, name and
    distribution of the node are known if ``rootfs`` says where its files are.
    """

    Options = SlowSensorOptions

    KERNEL = info(
        "fructosa_os_info",
        "Kernel of the node, and the node's own host name.",
        "system",
        "release",
        "version",
        "machine",
        "node_name",
    )
    RELEASE = info(
        "fructosa_os_release_info",
        "Distribution of the node.",
        "id",
        "version_id",
        "name",
        "pretty_name",
    )

    read: Kernel = Kernel()

    def __init__(
        self,
        options: SensorOptions | None = None,
        read: Any = None,
        uname: Callable[[], os.uname_result] = os.uname,
    ) -> None:
        super().__init__(options, read)
        self._uname = uname

    def samples(self) -> Iterator[Sample]:
        system = self._uname()
        yield self.KERNEL.sample(
            1,
            *(system.sysname, system.release, system.version, system.machine),
            self._name(system.nodename),
        )
        if is_root_known() and (release := self._release()):
            yield self.RELEASE.sample(1, *(release.get(key, "") for key in _RELEASE_KEYS))

    def _name(self, own: str) -> str:
        """Return the node's name, empty if unknown: in a container, its *own* is another."""
        if not is_host_elsewhere():
            return own
        return (self.read.word("/etc/hostname") or "") if is_root_known() else ""

    def _release(self) -> dict[str, str]:
        """Return the assignments of the first file that has any."""
        texts = (self.read.word(path) for path in _RELEASE_FILES)
        return next(filter(None, (parse_os_release(text) for text in texts if text)), {})


def parse_os_release(text: str) -> dict[str, str]:
    """Parse an os-release file; return its assignments, unquoted as a shell would."""
    lines = (_ASSIGNMENT.fullmatch(line.strip()) for line in text.split("\n"))
    return {line[1]: _value(*line.groups()[1:]) for line in lines if line}


def _value(double: str | None, single: str | None, bare: str | None) -> str:
    if double is not None:
        return re.sub(r"\\(.)", r"\1", double)
    return single or bare or ""


class BootTime(Sensor):
    """Time when the node was booted.

    Source: btime in /proc/stat, which follows the clock when that is set. It is absent while the
    clock is wrong by decades.
    """

    Options = SlowSensorOptions

    BOOT = gauge("fructosa_boot_time_seconds", "Time of boot, in seconds since 1970 (UTC).")

    read = SHARED
    clock = staticmethod(time.time)

    def samples(self) -> Iterator[Sample]:
        booted_s = self.read().numbers.get("btime")
        if booted_s is None:
            raise SensorUnavailable("/proc/stat has no btime")
        if not is_in_the_past(booted_s, self.clock()):
            raise SensorUnavailable(WRONG_CLOCK)
        yield self.BOOT.sample(booted_s)


@dataclass(frozen=True, kw_only=True)
class UsersOptions(SensorOptions):
    """Whether sessions are exposed one by one."""

    time_interval: float = time_interval(10)
    names: bool = option(
        YES_NO,
        False,
        "Also expose the user, remote host and process of each session, which are private data.",
    )


class Users(Sensor):
    """Login sessions: their number, and when they began.

    Source: psutil.users(), i.e. /var/run/utmp. Where that has no sessions, as on Debian 13, which
    has no utmp at all: the files of systemd-logind in /run/systemd/sessions, which have sessions
    without a terminal too. Without utmp and logind, the sensor has nothing to read.
    """

    Options = UsersOptions
    options: UsersOptions

    SESSIONS = gauge("fructosa_user_sessions", "Login sessions.")
    START = gauge(
        "fructosa_user_session_start_time_seconds",
        "When the terminal's oldest session began, in seconds since 1970 (UTC).",
        "terminal",
        without_panel="a line per terminal shows little",
    )
    SESSION = info(
        "fructosa_user_session_info",
        "A login session; exposed only with names = yes.",
        "terminal",
        "user",
        "host",
        "pid",
        without_panel="private, and off by default",
    )

    read = staticmethod(login_sessions)
    clock = staticmethod(time.time)

    def samples(self) -> Iterator[Sample]:
        sessions, now_s = self.read(), self.clock()
        yield self.SESSIONS.sample(len(sessions))
        oldest: dict[str, float] = {}
        for session in sessions:
            terminal = session.terminal or "none"
            if session.started is not None and is_in_the_past(session.started, now_s):
                oldest[terminal] = min(session.started, oldest.get(terminal, session.started))
        for terminal, started in oldest.items():
            yield self.START.sample(started, terminal)
        if self.options.names:
            for labels in sorted({_session_labels(session) for session in sessions}):
                yield self.SESSION.sample(1, *labels)


def _session_labels(session: LoginSession) -> tuple[str, str, str, str]:
    return (
        session.terminal or "none",
        session.name,
        session.host or "",
        "" if session.pid is None else str(session.pid),
    )
