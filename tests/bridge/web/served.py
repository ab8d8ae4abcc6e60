"""The web pages of a fake status, served on a free port, and a client for them."""

import base64

import aiohttp
import bcrypt

from fructosa_bridge.web.pages import serve
from fructosa_service.web.settings import WebSettings

from ..fake_status import FakeStatus

PASSWORD = "s3cret: pässword"  # noqa: S105 - of a test


class Served:
    """The pages of a status source, served while the context is entered."""

    def __init__(self, source, settings, routes=(), hosts=()):
        self.source = source
        self.settings = settings
        self.routes = routes
        self.hosts = hosts

    async def __aenter__(self):
        self.server = await serve(
            self.source, self.settings, "127.0.0.1", 0, self.routes, self.hosts
        )
        self.url = self.server.urls[0]
        self.port = int(self.url.rstrip("/").rpartition(":")[2])
        # A test that fails must not hang.
        self._session = aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(30))
        return self

    async def __aexit__(self, *_):
        await self._session.close()
        await self.server.close()

    async def request(self, path, method="GET", **options):
        """Return status, headers and text of the response."""
        async with self._session.request(method, self.url + path, **options) as response:
            return response.status, response.headers, await response.text()

    async def status(self, path, method="GET", **options):
        """Return the status of the response."""
        return (await self.request(path, method, **options))[0]

    async def text(self, path):
        """Return the text of a page, which must exist."""
        status, _, text = await self.request(path)
        assert 200 == status, text
        return text

    async def json(self, path):
        """Return the value of a JSON response."""
        async with self._session.get(self.url + path) as response:
            assert "application/json" == response.content_type
            return await response.json()


def served(source=None, hosts=(), **settings):
    """Return pages to be served with these settings of [web]."""
    return Served(source or FakeStatus(), WebSettings(**settings), hosts=hosts)


def users_line(user, password):
    """Return a line of a users file, with the lowest cost that bcrypt has."""
    return f"{user}:{bcrypt.hashpw(password.encode(), bcrypt.gensalt(4)).decode()}\n"


def basic_auth(user, password):
    """Return the header that authenticates a user."""
    pair = base64.b64encode(f"{user}:{password}".encode()).decode()
    return {"Authorization": f"Basic {pair}"}
