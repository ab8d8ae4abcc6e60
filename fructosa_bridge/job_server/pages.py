"""The answers about jobs: JSON over HTTP, at the unix socket and, to users of [web], over TCP."""

import asyncio
import json
from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import replace
from typing import Any, Protocol, TypeAlias

from aiohttp import web

from fructosa_service.errors import visible
from fructosa_service.web.users import credentials

from ..config.jobs_settings import JobsSettings
from ..job_archive.look_ups import JobQuery
from ..job_archive.record import all_records, records
from ..job_archive.views import RunView
from ..jobs.names import JobName, RunKey, job_name
from ..model.errors import ArchiveError, JobNameError
from .access import Viewer, overflow_uid, viewer, viewer_of_name
from .queries import SLURM_AGE, every_run, job_query, no_such_job
from .turns import TooManyQuestionsError, Turns
from .unix_socket import peer_uid

UNKNOWN_USER = (
    "user nobody cannot ask; if you are somebody else, lmaster runs in a user namespace: set "
    "PrivateUsers=no in its unit\n"
)
ONLY_USERS = (
    "jobs are shown only to users with a password; set users file in [web], or ask on the machine "
    "of lmaster with: lmaster jobs\n"
)
TOO_MANY = "too many of your questions wait already; ask again later\n"
GONE = "whoever asked has closed the connection\n"
# Counts the runs of the jobs of some runs, or those of a user; it may read the archive.
RunCounts: TypeAlias = Callable[[Sequence[RunView], int | None], Mapping[RunKey, int]]


class JobSource(Protocol):
    """What is known of jobs; each call may read the archive, in a thread."""

    def find(self, name: JobName, uid: int | None = None) -> Sequence[RunView]:
        """Return all runs of a job, or those of a user, the oldest first. Raises: ArchiveError."""

    def runs(self, query: JobQuery) -> Sequence[RunView]:
        """Return the runs that are asked for, the newest first. Raises: ArchiveError."""


class JobPages:
    """Answers ``/job/ID`` and ``/jobs`` to the users of this machine, each about their own."""

    def __init__(
        self,
        source: JobSource,
        settings: JobsSettings,
        counts: RunCounts,
        slurm_age_s: Callable[[], float | None],
        peer: Callable[[web.Request], int] | None = None,
    ) -> None:
        self._source = source
        self._settings = settings
        self._counts = counts
        self._slurm_age_s = slurm_age_s  # returns how long ago Slurm was read
        self._peer = peer or _peer
        self._overflow_uid = overflow_uid()
        self._turns = Turns()

    def application(self) -> web.Application:
        """Return the application that answers."""
        application = web.Application()
        application.add_routes([web.get("/job/{id}", self._job), web.get("/jobs", self._jobs)])
        return application

    async def _job(self, request: web.Request) -> web.Response:
        try:
            name = job_name(request.match_info["id"])
            shown_records = all_records if every_run(request.query) else records
        except (JobNameError, ValueError) as error:
            raise web.HTTPBadRequest(text=f"{error}\n") from None

        def runs(asks: Viewer) -> list[Any]:
            found = shown_records(_visible(self._source.find(name, asks.only_uid), asks))
            if not found:
                shown = visible(request.match_info["id"].strip())
                text = no_such_job(shown, self._slurm_age_s(), sees_all=asks.is_admin)
                raise web.HTTPNotFound(text=f"{text}\n")
            return found

        return self._response(await self._answer(request, runs))

    async def _jobs(self, request: web.Request) -> web.Response:
        try:
            query = job_query(request.query)
        except ValueError as error:
            raise web.HTTPBadRequest(text=f"{error}\n") from None

        def runs(asks: Viewer) -> list[Any]:
            found = _visible(self._source.runs(replace(query, uid=asks.only_uid)), asks)
            return all_records(found, self._counts(found, asks.only_uid)) if found else []

        return self._response(await self._answer(request, runs))

    def _response(self, text: str) -> web.Response:
        age_s = self._slurm_age_s()
        headers = {} if age_s is None else {SLURM_AGE: f"{age_s:.0f}"}
        return web.Response(text=text, content_type="application/json", headers=headers)

    async def _answer(self, request: web.Request, find: Callable[[Viewer], list[Any]]) -> str:
        """Return what is found, as JSON; made in a thread, as 10,000 runs take long."""
        user, who = self._who(request)

        def answer() -> str:
            # One at a time: json holds the interpreter lock until it is done, and scrapes wait.
            return f"[{','.join(map(json.dumps, find(who())))}]"

        try:
            async with self._turns.turn(user):
                return await asyncio.to_thread(answer)
        except TooManyQuestionsError:
            raise web.HTTPTooManyRequests(text=TOO_MANY) from None
        except ArchiveError as error:
            raise web.HTTPServiceUnavailable(text=f"{error}\n") from None

    def _who(self, request: web.Request) -> tuple[Hashable, Callable[[], Viewer]]:
        """Return whose turn it is, and what looks up who asks, which may take a while."""
        uid = self._peer(request)
        if uid == self._overflow_uid:
            raise web.HTTPForbidden(text=UNKNOWN_USER)
        return uid, lambda: viewer(uid, self._settings.admins, self._settings.admin_group)


class UserJobPages(JobPages):
    """The same over TCP, for users of [web]: there is no other sign of who asks.

    With *are_users_checked* a request comes here only with the right password of its user.
    """

    def __init__(
        self,
        source: JobSource,
        settings: JobsSettings,
        counts: RunCounts,
        slurm_age_s: Callable[[], float | None],
        *,
        are_users_checked: bool,
    ) -> None:
        super().__init__(source, settings, counts, slurm_age_s)
        self._are_users_checked = are_users_checked

    def routes(self) -> Sequence[web.RouteDef]:
        """Return the routes of the answers."""
        return [web.get("/api/job/{id}", self._job), web.get("/api/jobs", self._jobs)]

    def _who(self, request: web.Request) -> tuple[Hashable, Callable[[], Viewer]]:
        if not self._are_users_checked:
            raise web.HTTPForbidden(text=ONLY_USERS)
        name, _ = credentials(request.headers["Authorization"])
        admins, group = self._settings.admins, self._settings.admin_group
        return name, lambda: viewer_of_name(name, admins, group)


def _peer(request: web.Request) -> int:
    try:
        if request.transport is not None:
            return peer_uid(request.transport.get_extra_info("socket"))
    except OSError:
        pass
    raise web.HTTPForbidden(text=GONE)  # nobody reads it


def _visible(runs: Sequence[RunView], asks: Viewer) -> list[RunView]:
    return [run for run in runs if asks.sees(run)]
