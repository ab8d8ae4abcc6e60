"""The answers about jobs: JSON over HTTP, at the unix socket and, to users of [web], over TCP."""

import asyncio
import json
from collections.abc import Callable, Hashable, Sequence
from dataclasses import replace
from typing import Any, Protocol

from aiohttp import web

from fructosa_service.errors import visible
from fructosa_service.web.users import credentials

from ..config.jobs_settings import JobsSettings
from ..job_archive.look_ups import JobQuery
from ..job_archive.record import record, records
from ..job_archive.views import RunView
from ..jobs.names import JobName, job_name
from ..model.errors import ArchiveError, JobNameError
from .access import Viewer, overflow_uid, viewer, viewer_of_name
from .queries import NO_SUCH_JOB, job_query
from .turns import TooManyQuestionsError, Turns
from .unix_socket import peer_uid

UNKNOWN_USER = (
    "your user is not known to lmaster: it runs in a user namespace; set PrivateUsers=no in its "
    "unit\n"
)
ONLY_USERS = (
    "jobs are shown only to users with a password; set users file in [web], or ask on the machine "
    "of lmaster with: lmaster jobs\n"
)
TOO_MANY = "too many of your questions wait already; ask again later\n"
GONE = "whoever asked has closed the connection\n"


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
        peer: Callable[[web.Request], int] | None = None,
    ) -> None:
        self._source = source
        self._settings = settings
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
        except JobNameError as error:
            raise web.HTTPBadRequest(text=f"{error}\n") from None

        def runs(asks: Viewer) -> list[Any]:
            uid = None if asks.is_admin else asks.uid
            return records(_visible(self._source.find(name, uid), asks))

        found = await self._answer(request, runs)
        if found is None:
            shown = visible(request.match_info["id"].strip())
            raise web.HTTPNotFound(text=f"{NO_SUCH_JOB.format(name=shown)}\n")
        return _response(found)

    async def _jobs(self, request: web.Request) -> web.Response:
        try:
            query = job_query(request.query)
        except ValueError as error:
            raise web.HTTPBadRequest(text=f"{error}\n") from None

        def runs(asks: Viewer) -> list[Any]:
            own = query if asks.is_admin else replace(query, uid=asks.uid)
            return [record(run) for run in _visible(self._source.runs(own), asks)]

        return _response(await self._answer(request, runs) or "[]")

    async def _answer(
        self, request: web.Request, find: Callable[[Viewer], list[Any]]
    ) -> str | None:
        """Return what is found, as JSON, or None; made in a thread, as 10,000 runs take long."""
        user, who = self._who(request)

        def answer() -> str | None:
            found = find(who())
            return json.dumps(found) if found else None

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
        self, source: JobSource, settings: JobsSettings, *, are_users_checked: bool
    ) -> None:
        super().__init__(source, settings)
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


def _response(text: str) -> web.Response:
    return web.Response(text=text, content_type="application/json")
