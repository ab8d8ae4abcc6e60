"""Access to the pages: users and passwords, the limit of concurrent requests, security headers."""

import asyncio
import time
from collections.abc import Awaitable, Callable

from aiohttp import web

from fructosa_service.web.settings import WebSettings
from fructosa_service.web.users import Users

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]

# Passwords wait here to be checked, one after the other. Whoever guesses fills it; then others
# who are not known yet have to come again. Those who are known never wait.
_QUEUE_LIMIT = 16
# After a wrong password the checking rests this many times as long as it took: guessing takes at
# most one part in twenty of a processor.
_REST = 20

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
    """Tells whether users are who they say, without keeping anybody else waiting."""

    def __init__(
        self, users: Users, sleep: Callable[[float], Awaitable[None]] = asyncio.sleep
    ) -> None:
        self._users = users
        self._sleep = sleep
        self._waiting = 0
        self._one_at_a_time = asyncio.Lock()

    async def are_right(self, authorization: str | None) -> bool:
        """Return the verdict on a header ``Authorization``.

        Raises: HTTPServiceUnavailable when too many wait for theirs.
        """
        if authorization is None:
            return False
        known = self._users.known(authorization)
        if known is not None:
            return known
        if self._waiting >= _QUEUE_LIMIT:
            raise _busy("too many passwords are being checked already; try again")
        self._waiting += 1
        try:
            return await self._checked(authorization)
        finally:
            self._waiting -= 1

    async def _checked(self, authorization: str) -> bool:
        async with self._one_at_a_time:
            is_right, took_s = await asyncio.to_thread(self._check, authorization)
            if not is_right:
                await self._sleep(_REST * took_s)
        return is_right

    def _check(self, authorization: str) -> tuple[bool, float]:
        began_s = time.thread_time()
        return self._users.check(authorization), time.thread_time() - began_s


class AccessControl:
    """Middleware that authenticates users and limits the number of concurrent requests.

    Raises: UsageError if the users file is invalid.
    """

    def __init__(self, settings: WebSettings) -> None:
        path = settings.users_file
        self._passwords = None if path is None else PasswordChecker(Users(path))
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
        if not await self._passwords.are_right(request.headers.get("Authorization")):
            raise web.HTTPUnauthorized(
                text="unauthorized: this page needs the name and password of a user\n",
                headers={"WWW-Authenticate": 'Basic realm="lmaster", charset="UTF-8"'},
            )


async def _add_headers(request: web.Request, response: web.StreamResponse) -> None:
    response.headers.update(_HEADERS)


def _busy(text: str) -> web.HTTPServiceUnavailable:
    return web.HTTPServiceUnavailable(text=f"{text}\n", headers={"Retry-After": "1"})
