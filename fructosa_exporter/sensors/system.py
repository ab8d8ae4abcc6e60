"""The system as a whole: when it booted, who is logged in."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import psutil

from fructosa_exporter.metrics import Sample, gauge, info
from fructosa_exporter.procstat import SHARED
from fructosa_exporter.sensor import Sensor, SensorOptions, SlowSensorOptions, time_interval
from fructosa_service.kinds import YES_NO
from fructosa_service.settings import option


class BootTime(Sensor):
    """When the node was booted.

    Source: btime in /proc/stat.
    """

    Options = SlowSensorOptions

    BOOT = gauge("fructosa_boot_time_seconds", "Time of boot, in seconds since 1970 (UTC).")

    read = SHARED

    def samples(self) -> Iterator[Sample]:
        yield self.BOOT.sample(self.read().numbers["btime"])


@dataclass(frozen=True, kw_only=True)
class UsersOptions(SensorOptions):
    """How much is told of each session."""

    time_interval: float = time_interval(10)
    names: bool = option(
        YES_NO, False, "Tell who is logged in, from where, and the process: all are private."
    )


class Users(Sensor):
    """Login sessions: how many, and since when.

    Source: psutil.users(), i.e. /var/run/utmp.
    """

    Options = UsersOptions
    options: UsersOptions

    SESSIONS = gauge("fructosa_user_sessions", "Login sessions.")
    START = gauge(
        "fructosa_user_session_start_time_seconds",
        "When the terminal's oldest session began, in seconds since 1970 (UTC).",
        "terminal",
    )
    SESSION = info(
        "fructosa_user_session_info",
        "A login session; only with names = yes.",
        "terminal",
        "user",
        "host",
        "pid",
    )

    read = staticmethod(psutil.users)

    def samples(self) -> Iterator[Sample]:
        sessions = self.read()
        yield self.SESSIONS.sample(len(sessions))
        oldest: dict[str, float] = {}
        for session in sessions:
            terminal = session.terminal or "none"
            oldest[terminal] = min(session.started, oldest.get(terminal, session.started))
        for terminal, started in oldest.items():
            yield self.START.sample(started, terminal)
        if self.options.names:
            for labels in sorted({_told(session) for session in sessions}):
                yield self.SESSION.sample(1, *labels)


def _told(session: Any) -> tuple[str, str, str, str]:
    pid = getattr(session, "pid", None)
    return (
        session.terminal or "none",
        session.name,
        session.host or "",
        "" if pid is None else str(pid),
    )
