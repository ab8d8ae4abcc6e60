"""Access to the pages: users and passwords, the limit of concurrent requests, security headers.

A request counts while its page is made, not while it is read: sending.py sends it.
"""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress

from aiohttp import web

from fructosa_service.web.password_checks import PasswordChecks, Verdict
from fructosa_service.web.settings import WebSettings
from fructosa_service.web.users import UsersFile

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]

# These have places of their own: who watches lmaster must see it when it has much to do. They take
# no time, or are made once a second at most.
_OWN_PLACES = frozenset({"/-/healthy", "/-/ready", "/metrics"})

_HEADERS = {
    # Nothing from other hosts, no inline scripts or styles, no frames.
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

    def __init__(self, users: UsersFile) -> None:
        self._checks = PasswordChecks(users)

    async def are_right(self, authorization: str | None, client: str) -> bool:
        """Return whether an ``Authorization`` header of a *client* has a user and their password.

        Raises: HTTPServiceUnavailable when too many passwords wait to be checked.
        """
        loop = asyncio.get_running_loop()
        checked: asyncio.Future[Verdict] = loop.create_future()

        def report(verdict: Verdict) -> None:  # in any thread
            with suppress(RuntimeError):  # the loop was closed meanwhile
                loop.call_soon_threadsafe(_set, checked, verdict)

        verdict = self._checks.submit(authorization, client, report)
        if verdict is Verdict.PENDING:
            verdict = await checked
        if verdict is Verdict.BUSY:
            raise _busy("too many passwords are being checked already; try again")
        return verdict is Verdict.RIGHT


def _set(future: "asyncio.Future[Verdict]", verdict: Verdict) -> None:
    if not future.done():  # it is, if the request was cancelled
        future.set_result(verdict)


class AccessControl:
    """Middleware that authenticates users and limits the number of concurrent requests.

    Raises: FileError if the users file is invalid.
    """

    def __init__(self, settings: WebSettings) -> None:
        path = settings.users_file
        self._passwords = None if path is None else PasswordChecker(UsersFile(path))
        self._max_requests = settings.max_requests
        self._requests = 0

    @property
    def requires_user(self) -> bool:
        """Whether requests need a user and a password."""
        return self._passwords is not None

    def install(self, application: web.Application) -> None:
        """Apply to all requests to an *application*."""
        application.middlewares.append(self._handle)
        application.on_response_prepare.append(_add_headers)

    @web.middleware
    async def _handle(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        # Before the request counts: clients that guess passwords must not lock out others.
        await self._authenticate(request)
        if request.path in _OWN_PLACES:
            return await handler(request)
        if self._requests >= self._max_requests:
            raise _busy(f"{self._max_requests} requests are in progress already; try again")
        self._requests += 1
        try:
            return await handler(request)
        finally:
            self._requests -= 1

    async def _authenticate(self, request: web.Request) -> None:
        if self._passwords is None:
            return
        authorization = request.headers.get("Authorization")
        if not await self._passwords.are_right(authorization, request.remote or ""):
            raise web.HTTPUnauthorized(
                text="unauthorized: this page needs the name and password of a user\n",
                headers={"WWW-Authenticate": 'Basic realm="lmaster", charset="UTF-8"'},
            )


async def _add_headers(request: web.Request, response: web.StreamResponse) -> None:
    response.headers.update(_HEADERS)


def _busy(text: str) -> web.HTTPServiceUnavailable:
    return web.HTTPServiceUnavailable(text=f"{text}\n", headers={"Retry-After": "1"})
