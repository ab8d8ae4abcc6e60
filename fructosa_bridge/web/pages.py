"""The edge to browsers and programs: status pages, plots, JSON, lmaster's own metrics."""

import asyncio
import ipaddress
import json
import time
from pathlib import Path
from urllib.parse import urlencode

from aiohttp import web
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest

from fructosa_service import __version__, humanize
from fructosa_service.config.kinds import Endpoint
from fructosa_service.web.settings import WebSettings

from .auth import Guard
from .discovery import target_groups
from .listener import Listener
from .metrics import registry
from .plots import PLOTS, drawn
from .status import (
    STATES,
    MasterView,
    counts,
    destination_row,
    filtered,
    queue_row,
    target_row,
    worst_first,
)
from .target_json import EncodedJSON, TargetsJSON

_FOLDER = Path(__file__).parent
_SPANS = ((10, "10 min"), (60, "1 h"), (6 * 60, "6 h"), (24 * 60, "1 day"), (7 * 24 * 60, "1 week"))
_MOST_MINUTES = 730 * 24 * 60
_STATIC = {
    "page.css": "text/css",
    "fresh.js": "text/javascript",
    "plots.js": "text/javascript",
    "targets.js": "text/javascript",
    "vendor/uplot/uPlot.iife.min.js": "text/javascript",
    "vendor/uplot/uPlot.min.css": "text/css",
}
# Rows of the table within the page itself; without JavaScript these are all that is seen.
_ROWS = 100
_PIECE_BYTES = 2**16
# A client that takes nothing of its answer for so long gets no more of it.
_SEND_S = 30.0


class Pages:
    """The pages of one lmaster; *knows_users* when only users get at them."""

    def __init__(self, view: MasterView, *, knows_users: bool = False) -> None:
        self._view = view
        self._knows_users = knows_users
        self._answers = TargetsJSON(view)
        self._registry = registry(view)
        self._reloading = asyncio.Lock()
        static, templates = _FOLDER / "static", _FOLDER / "templates"
        self._static = {name: (static / name).read_text("utf-8") for name in _STATIC}
        self._templates = Environment(
            loader=FileSystemLoader(templates),
            autoescape=True,
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
        )
        self._templates.globals.update(humanize=humanize, states=STATES, urlencode=urlencode)

    def application(self) -> web.Application:
        """Return the application that serves the pages."""
        application = web.Application()
        application.add_routes(
            [
                web.get("/", self._targets),
                web.get("/destinations", self._destinations),
                web.get("/node/{path}", self._node),
                web.get("/api/targets", self._api_targets),
                web.get("/api/plots/{path}", self._api_plots),
                web.get("/sd", self._discovery),
                web.get("/metrics", self._metrics),
                web.get("/-/healthy", self._healthy),
                web.get("/-/ready", self._ready),
                web.post("/-/reload", self._reload),
                web.get("/static/{name:.+}", self._static_file),
            ]
        )
        return application

    def _page(self, template: str, **values: object) -> web.Response:
        text = self._templates.get_template(template).render(
            version=__version__, now_s=time.time(), **values
        )
        # What is told is of this moment; going back to it asks again.
        return web.Response(
            text=text, content_type="text/html", headers={"Cache-Control": "no-store"}
        )

    async def _targets(self, request: web.Request) -> web.Response:
        asked = {name: request.query.get(name, "") for name in ("state", "group", "text")}
        states = self._view.states
        found = filtered(states, **asked)
        # To sort 10,000 takes a few milliseconds; to tell of a hundred is the dearer part.
        rows = [target_row(state) for state in worst_first(found)[:_ROWS]]
        return self._page(
            "targets.html",
            asked=asked,
            counts=counts(states),
            groups=sorted({state.target.group for state in states}),
            total=len(states),
            found=len(found),
            rows=rows,
            is_ready=self._view.is_ready,
            **self._delivery(),
        )

    async def _destinations(self, request: web.Request) -> web.Response:
        return self._page("destinations.html", **self._delivery())

    def _delivery(self) -> dict[str, object]:
        destinations = [destination_row(delivery) for delivery in self._view.deliveries]
        return {"destinations": destinations, "queue": queue_row(self._view)}

    async def _node(self, request: web.Request) -> web.Response:
        path = self._known_path(request)
        states = [state for state in self._view.states if state.target.graphite_path == path]
        return self._page(
            "node.html",
            path=path,
            rows=[target_row(state) for state in worst_first(states)],
            has_store=self._view.store is not None,
            spans=_SPANS,
            interval_s=min(state.target.interval_s for state in states),
        )

    async def _api_targets(self, request: web.Request) -> web.StreamResponse:
        state, group = request.query.get("state", ""), request.query.get("group", "")
        if state and state not in STATES:
            raise web.HTTPBadRequest(text=f"state must be one of {', '.join(STATES)}\n")
        if group and not any(one.target.group == group for one in self._view.states):
            raise web.HTTPNotFound(text=f"no group is called {group!r}\n")
        return await _sent(request, await self._answers.targets(state, group))

    async def _api_plots(self, request: web.Request) -> web.Response:
        path = self._known_path(request)
        try:
            minutes = int(request.query.get("minutes", "10"))
        except ValueError:
            minutes = 0
        if not 1 <= minutes <= _MOST_MINUTES:
            raise web.HTTPBadRequest(text=f"minutes must be from 1 to {_MOST_MINUTES}\n")
        return web.json_response(await asyncio.to_thread(self._plots, path, minutes))

    def _plots(self, path: str, minutes: int) -> list[dict[str, object]]:
        store = self._view.store
        if store is None:
            return []
        now_s = int(time.time())
        found = [
            drawn(
                plot,
                path,
                store.find,
                lambda series: store.fetch(series, now_s - minutes * 60, now_s),
            )
            for plot in PLOTS
        ]
        return [plot for plot in found if plot is not None]

    def _known_path(self, request: web.Request) -> str:
        """Return the node that is asked for: one of the targets', never a path of the disk."""
        path = request.match_info["path"]
        if not any(state.target.graphite_path == path for state in self._view.states):
            raise web.HTTPNotFound(text=f"no target is called {path!r}\n")
        return path

    async def _discovery(self, request: web.Request) -> web.Response:
        targets = [state.target for state in self._view.states]
        # 40 ms for 10,000: in a thread, as scraping goes on in between.
        text = await asyncio.to_thread(lambda: json.dumps(target_groups(targets)))
        return web.json_response(text=text)

    async def _metrics(self, request: web.Request) -> web.Response:
        body = generate_latest(self._registry)
        return web.Response(body=body, headers={"Content-Type": CONTENT_TYPE_LATEST})

    async def _healthy(self, request: web.Request) -> web.Response:
        return web.Response(text="lmaster is healthy\n")

    async def _ready(self, request: web.Request) -> web.Response:
        if self._view.is_ready:
            return web.Response(text="lmaster is ready\n")
        return web.Response(status=503, text="not ready: the first scrapes are not started yet\n")

    async def _reload(self, request: web.Request) -> web.Response:
        if not self._knows_users and not _is_of_this_machine(request):
            raise web.HTTPForbidden(
                text="only this machine may do that; set [web] users file to let users do it\n"
            )
        if not _is_meant(request):
            raise web.HTTPForbidden(text="a page of another place asks for that\n")
        if self._view.reload is None:
            raise web.HTTPBadRequest(text="lmaster runs without a configuration file\n")
        async with self._reloading:
            outcome = await self._view.reload()
        status = 200 if outcome.is_applied else 400
        return web.Response(status=status, text=outcome.text.rstrip("\n") + "\n")

    async def _static_file(self, request: web.Request) -> web.Response:
        name = request.match_info["name"]
        if name not in self._static:
            raise web.HTTPNotFound(text=f"no file is called {name!r}\n")
        return web.Response(text=self._static[name], content_type=_STATIC[name])


def _is_of_this_machine(request: web.Request) -> bool:
    """Tell whether who asks is on this machine itself, and not behind a proxy on it."""
    if {"Forwarded", "X-Forwarded-For", "Via"} & set(request.headers):
        return False
    try:
        address = ipaddress.ip_address(request.remote or "")
    except ValueError:
        return False
    mapped = getattr(address, "ipv4_mapped", None)
    return (mapped or address).is_loopback


def _is_meant(request: web.Request) -> bool:
    """Tell whether a request is what it seems: no page of elsewhere that a browser shows."""
    origin = request.headers.get("Origin")
    return origin is None or origin.partition("://")[2] == request.host


async def _sent(request: web.Request, answer: EncodedJSON) -> web.StreamResponse:
    """Send a long answer piece by piece: what a slow client has not taken is kept once for all."""
    is_packed = "gzip" in request.headers.get("Accept-Encoding", "")
    body = answer.packed if is_packed else answer.plain
    headers = {"Vary": "Accept-Encoding", "Cache-Control": "no-store"}
    if is_packed:
        headers["Content-Encoding"] = "gzip"
    if request.method == "HEAD":
        return web.Response(body=body, headers=headers, content_type="application/json")
    response = web.StreamResponse(headers=headers)
    response.content_type, response.charset = "application/json", "utf-8"
    response.content_length = len(body)
    await response.prepare(request)
    try:
        for start in range(0, len(body), _PIECE_BYTES):
            async with asyncio.timeout(_SEND_S):
                await response.write(body[start : start + _PIECE_BYTES])
    except TimeoutError:
        if request.transport is not None:
            request.transport.abort()
        return response
    await response.write_eof()
    return response


async def serve(view: MasterView, settings: WebSettings, host: str, port: int) -> Listener:
    """Serve the pages of a *view* until the listener is closed.

    Raises: ServiceError when a port is taken, or UsageError when a file can't be used.
    """
    guard = Guard(settings)
    application = Pages(view, knows_users=guard.knows_users).application()
    guard.install(application)
    listener = Listener(application, settings)
    await listener.start(settings.listen or (Endpoint(host, port),))
    return listener
