"""Who is answered over HTTP: users whose password is right, and not all of the world at once."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from contextlib import suppress

from aiohttp import web

from fructosa_service.web.password_checks import PasswordChecks, Verdict
from fructosa_service.web.settings import WebSettings
from fructosa_service.web.users import Users

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]

_HEADERS = {
    # Nothing of other places, no scripts or styles within the page, and no frame around it.
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; "
        "connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "Server": "lmaster",
}


class PasswordChecker:
    """Checks the passwords of requests without blocking the event loop."""

    def __init__(self, users: Users, sleep: Callable[[float], None] = time.sleep) -> None:
        self._checks = PasswordChecks(users, sleep)

    async def are_right(self, authorization: str | None) -> bool:
        """Return whether an ``Authorization`` header has a user and their password.

        Raises: HTTPServiceUnavailable when too many passwords wait to be checked.
        """
        loop = asyncio.get_running_loop()
        checked: asyncio.Future[Verdict] = loop.create_future()

        def report(verdict: Verdict) -> None:  # in the thread of the checks
            with suppress(RuntimeError):  # the loop was closed meanwhile
                loop.call_soon_threadsafe(_set, checked, verdict)

        verdict = self._checks.submit(authorization, report)
        if verdict is Verdict.PENDING:
            verdict = await checked
        if verdict is Verdict.BUSY:
            raise _busy("too many passwords are being checked already; try again")
        return verdict is Verdict.RIGHT


def _set(future: "asyncio.Future[Verdict]", verdict: Verdict) -> None:
    if not future.done():  # it is, if the request was cancelled
        future.set_result(verdict)


class Guard:
    """Lets a request through, or answers in its place.

    Raises: UsageError when the users file can't be used.
    """

    def __init__(self, settings: WebSettings) -> None:
        path = settings.users_file
        self._passwords = None if path is None else PasswordChecker(Users(path))
        self._most = settings.max_requests
        self._asking = 0

    @property
    def knows_users(self) -> bool:
        """Whether only users are answered."""
        return self._passwords is not None

    def install(self, application: web.Application) -> None:
        """Stand before all pages of an *application*."""
        application.middlewares.append(self._guarded)
        application.on_response_prepare.append(_add_headers)

    @web.middleware
    async def _guarded(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        # Before it counts: who guesses passwords must not take the places of others.
        await self._let_in(request)
        if self._asking >= self._most:
            raise _busy(f"{self._most} requests are being answered already; try again")
        self._asking += 1
        try:
            return await handler(request)
        finally:
            self._asking -= 1

    async def _let_in(self, request: web.Request) -> None:
        if self._passwords is None:
            return
        if not await self._passwords.are_right(request.headers.get("Authorization")):
            raise web.HTTPUnauthorized(
                text="only users of this lmaster are answered: give a name and its password\n",
                headers={"WWW-Authenticate": 'Basic realm="lmaster", charset="UTF-8"'},
            )


async def _add_headers(request: web.Request, response: web.StreamResponse) -> None:
    response.headers.update(_HEADERS)


def _busy(text: str) -> web.HTTPServiceUnavailable:
    return web.HTTPServiceUnavailable(text=f"{text}\n", headers={"Retry-After": "1"})
