"""The web pages of lmaster: status pages, JSON API, plots, metrics, service discovery."""

import asyncio
import json
import math
import time
from collections.abc import Iterable
from pathlib import Path
from urllib.parse import urlencode

from aiohttp import web
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest

from fructosa_service import __version__, humanize
from fructosa_service.web.settings import WebSettings

from ..serving.host_check import HostCheck
from ..serving.known_hosts import is_loopback
from ..slurm_states.conditions import NAMES
from .auth import AccessControl
from .discovery import NODES_PATH, nodes_page_group, target_groups
from .long_body import LongBody, response
from .metrics import registry
from .node_metrics import nodes_page
from .plots import PLOTS, plot_data
from .server import WebServer
from .slurm_status import slurm_status
from .status import (
    STATES,
    StatusSource,
    TargetFilter,
    counts_by_state,
    destination_status,
    filtered,
    queue_status,
    target_status,
    worst_first,
)
from .targets_api import TargetsAPI

_FOLDER = Path(__file__).parent
_TIME_RANGES = (
    (10, "10 min"),
    (60, "1 h"),
    (6 * 60, "6 h"),
    (24 * 60, "1 day"),
    (7 * 24 * 60, "1 week"),
)
_MAX_MINUTES = 730 * 24 * 60
_STATIC = {
    "page.css": "text/css",
    "refresh.js": "text/javascript",
    "slurm.js": "text/javascript",
    "plots.js": "text/javascript",
    "targets.js": "text/javascript",
    "vendor/uplot/uPlot.iife.min.js": "text/javascript",
    "vendor/uplot/uPlot.min.css": "text/css",
}
# It is made in the event loop, so asking for it again and again must not keep that busy.
_METRICS_CACHE_S = 1.0
# One in progress, and one that waits: others would only take places from the pages.
_MOST_RELOADS = 2
# Rows of the table in the page itself; without JavaScript there are no others.
_MAX_ROWS = 100


class Pages:
    """The pages of one lmaster; *requires_user* if only authenticated users can reach them."""

    def __init__(self, source: StatusSource, *, requires_user: bool = False) -> None:
        self._source = source
        self._requires_user = requires_user
        self._targets_api = TargetsAPI(source)
        self._registry = registry(source)
        self._metrics_text, self._metrics_until_s = b"", -math.inf
        self._reloading = asyncio.Lock()
        self._reloads = 0
        static, templates = _FOLDER / "static", _FOLDER / "templates"
        self._static = {name: (static / name).read_text("utf-8") for name in _STATIC}
        self._templates = Environment(
            loader=FileSystemLoader(templates),
            autoescape=True,
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
        )
        self._templates.globals.update(
            humanize=humanize, states=STATES, urlencode=urlencode, conditions=NAMES
        )

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
                web.get("/api/slurm", self._api_slurm),
                web.get("/sd", self._discovery),
                web.get("/metrics", self._metrics),
                web.get(NODES_PATH, self._nodes_metrics),
                web.get("/-/healthy", self._healthy),
                web.get("/-/ready", self._ready),
                web.post("/-/reload", self._reload),
                web.get("/static/{name:.+}", self._static_file),
            ]
        )
        return application

    def _render(self, template: str, **values: object) -> web.Response:
        text = self._templates.get_template(template).render(
            version=__version__, now_s=time.time(), **values
        )
        # no-store, so that the browser's back button shows the current status.
        return web.Response(
            text=text, content_type="text/html", headers={"Cache-Control": "no-store"}
        )

    async def _targets(self, request: web.Request) -> web.Response:
        filters = _filter(request)
        states, slurm = self._source.states, self._source.slurm
        # With 10,000 targets this takes a while; a thread does not delay the scrapes.
        matching = await asyncio.to_thread(
            lambda: worst_first(filtered(states, filters, slurm), slurm)
        )
        rows = [target_status(one, slurm) for one in matching[:_MAX_ROWS]]
        return self._render(
            "targets.html",
            filters=filters,
            counts=counts_by_state(states),
            groups=sorted({state.target.group for state in states}),
            total=len(states),
            matching=len(matching),
            rows=rows,
            is_ready=self._source.is_ready,
            slurm=await asyncio.to_thread(slurm_status, states, slurm),
            **self._delivery(),
        )

    async def _destinations(self, request: web.Request) -> web.Response:
        return self._render("destinations.html", **self._delivery())

    def _delivery(self) -> dict[str, object]:
        destinations = [destination_status(delivery) for delivery in self._source.deliveries]
        return {"destinations": destinations, "queue": queue_status(self._source)}

    async def _node(self, request: web.Request) -> web.Response:
        path = self._requested_path(request)
        states = [state for state in self._source.states if state.target.graphite_path == path]
        slurm = self._source.slurm
        return self._render(
            "node.html",
            path=path,
            rows=[target_status(state, slurm) for state in worst_first(states, slurm)],
            has_slurm=slurm is not None,
            has_store=self._source.store is not None,
            time_ranges=_TIME_RANGES,
            interval_s=min(state.target.interval_s for state in states),
        )

    async def _api_targets(self, request: web.Request) -> web.StreamResponse:
        wanted = _filter(request)
        for name, value, known in (
            ("state", wanted.state, STATES),
            ("condition", wanted.condition, NAMES),
        ):
            if value and value not in known:
                raise web.HTTPBadRequest(text=f"{name} must be one of {', '.join(known)}\n")
        group = wanted.group
        if group and not any(one.target.group == group for one in self._source.states):
            raise web.HTTPNotFound(text=f"unknown group {group!r}\n")
        return response(request, await self._targets_api.body(wanted))

    async def _api_slurm(self, request: web.Request) -> web.Response:
        states, slurm = self._source.states, self._source.slurm
        if slurm is None:
            return web.json_response({"is_configured": False})
        found = await asyncio.to_thread(slurm.summary)
        found["targets"] = await asyncio.to_thread(slurm_status, states, slurm)
        return web.json_response(text=await asyncio.to_thread(json.dumps, found))

    async def _api_plots(self, request: web.Request) -> web.Response:
        path = self._requested_path(request)
        try:
            minutes = int(request.query.get("minutes", "10"))
        except ValueError:
            minutes = 0
        if not 1 <= minutes <= _MAX_MINUTES:
            raise web.HTTPBadRequest(text=f"minutes must be from 1 to {_MAX_MINUTES}\n")
        return web.json_response(await asyncio.to_thread(self._plots, path, minutes))

    def _plots(self, path: str, minutes: int) -> list[dict[str, object]]:
        store = self._source.store
        if store is None:
            return []
        now_s = int(time.time())
        found = [
            plot_data(
                plot,
                path,
                store.find,
                lambda series: store.fetch(series, now_s - minutes * 60, now_s),
            )
            for plot in PLOTS
        ]
        return [plot for plot in found if plot is not None]

    def _requested_path(self, request: web.Request) -> str:
        """Return the node's path in the URL, which must be that of a target: it names files."""
        path = request.match_info["path"]
        if not any(state.target.graphite_path == path for state in self._source.states):
            raise web.HTTPNotFound(text=f"unknown target {path!r}\n")
        return path

    async def _discovery(self, request: web.Request) -> web.Response:
        targets = [state.target for state in self._source.states]
        slurm = self._source.slurm
        # It takes 40 ms for 10,000 targets; a thread does not delay the scrapes.
        groups = await asyncio.to_thread(target_groups, targets, has_slurm=slurm is not None)
        if slurm is not None:
            # Whoever asks for this list reaches lmaster at this address.
            interval_s = slurm.settings.interval_s
            host = request.headers.get("Host", "")
            groups.append(nodes_page_group(host, request.scheme, interval_s))
        # One at a time: json holds the interpreter lock until it is done.
        text = await asyncio.to_thread(lambda: ",".join(map(json.dumps, groups)))
        return web.json_response(text=f"[{text}]")

    async def _metrics(self, request: web.Request) -> web.Response:
        now_s = time.monotonic()
        if now_s >= self._metrics_until_s:
            self._metrics_text = generate_latest(self._registry)
            self._metrics_until_s = now_s + _METRICS_CACHE_S
        return web.Response(body=self._metrics_text, headers={"Content-Type": CONTENT_TYPE_LATEST})

    async def _nodes_metrics(self, request: web.Request) -> web.StreamResponse:
        states, slurm = self._source.states, self._source.slurm
        # It takes tens of milliseconds for 10,000 nodes; a thread does not delay the scrapes.
        text = await asyncio.to_thread(nodes_page, states, slurm)
        return response(request, await LongBody.of(text), CONTENT_TYPE_LATEST)

    async def _healthy(self, request: web.Request) -> web.Response:
        return web.Response(text="lmaster is healthy\n")

    async def _ready(self, request: web.Request) -> web.Response:
        if self._source.is_ready:
            return web.Response(text="lmaster is ready\n")
        return web.Response(
            status=503, text="not ready: the first scrapes have not been started yet\n"
        )

    async def _reload(self, request: web.Request) -> web.Response:
        if not self._requires_user and not _is_local(request):
            raise web.HTTPForbidden(
                text="reload is allowed only from this machine; set [web] users file to allow it "
                "to users\n"
            )
        if not _is_same_origin(request):
            raise web.HTTPForbidden(text="cross-origin requests are not allowed\n")
        if self._source.reload is None:
            raise web.HTTPBadRequest(
                text="there is nothing to reload: lmaster runs without a configuration file\n"
            )
        if self._reloads >= _MOST_RELOADS:
            raise web.HTTPServiceUnavailable(
                text="a reload is in progress, and another one waits; try again\n",
                headers={"Retry-After": "1"},
            )
        self._reloads += 1
        try:
            async with self._reloading:
                outcome = await self._source.reload()
        finally:
            self._reloads -= 1
        status = 200 if outcome.is_applied else 400
        return web.Response(status=status, text=outcome.text.rstrip("\n") + "\n")

    async def _static_file(self, request: web.Request) -> web.Response:
        name = request.match_info["name"]
        if name not in self._static:
            raise web.HTTPNotFound(text=f"unknown file {name!r}\n")
        return web.Response(text=self._static[name], content_type=_STATIC[name])


def _filter(request: web.Request) -> TargetFilter:
    return TargetFilter(*(request.query.get(name, "") for name in TargetFilter._fields))


def _is_local(request: web.Request) -> bool:
    """Return whether the client is on this machine, and not behind a proxy on it."""
    if {"Forwarded", "X-Forwarded-For", "Via"} & set(request.headers):
        return False
    return is_loopback(request.remote or "")


def _is_same_origin(request: web.Request) -> bool:
    """Return whether the request comes from one of our pages, or not from a browser."""
    if request.headers.get("Sec-Fetch-Site", "none") not in ("none", "same-origin"):
        return False
    origin = request.headers.get("Origin")
    return origin is None or origin.partition("://")[2] == request.headers.get("Host")


async def serve(
    source: StatusSource,
    settings: WebSettings,
    host: str,
    port: int,
    routes: Iterable[web.RouteDef] = (),
    hosts: Iterable[str] = (),
) -> WebServer:
    """Serve the pages of a *source*, and further *routes*, until the returned server is closed.

    *hosts* are further names by which it may be asked for.

    Raises: ServiceError if an address cannot be bound, FileError if a file cannot be used.
    """
    access = AccessControl(settings)
    application = Pages(source, requires_user=access.requires_user).application()
    application.add_routes(routes)
    access.install(application)
    endpoints = settings.endpoints(host, port)
    check = HostCheck([*hosts, *(one.host for one in endpoints)])
    application.middlewares.insert(0, check.handle)
    server = WebServer(application, settings)
    await server.start(endpoints)
    check.guards_all = server.is_loopback_only
    return server
