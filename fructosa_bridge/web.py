"""The edge to the browser: status page, plots, lmaster's own metrics."""

import asyncio
import time
from collections.abc import Sequence
from importlib.resources import files

from aiohttp import web
from jinja2 import Environment, FunctionLoader, StrictUndefined
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest

from fructosa_service import __version__
from fructosa_service.errors import ServiceError
from fructosa_service.kinds import Endpoint

from .deliver import Delivery
from .plots import PLOTS, drawn
from .scraper import State
from .stats import registry
from .status import as_json, delivery_row, rows
from .store import WhisperStore

_SPANS = ((10, "10 min"), (60, "1 h"), (6 * 60, "6 h"), (24 * 60, "1 day"), (7 * 24 * 60, "1 week"))
_MOST_MINUTES = 730 * 24 * 60
_STATIC = {
    "page.css": "text/css",
    "plots.js": "text/javascript",
    "vendor/uplot/uPlot.iife.min.js": "text/javascript",
    "vendor/uplot/uPlot.min.css": "text/css",
}


class Pages:
    """The pages of one lmaster; without a *store* nodes have no plots."""

    def __init__(
        self,
        states: Sequence[State],
        deliveries: Sequence[Delivery],
        store: WhisperStore | None,
    ) -> None:
        self._states = states
        self._deliveries = deliveries
        self._store = store
        self._registry = registry(states, deliveries)
        folder = files("fructosa_bridge.pages")
        self._static = {name: folder.joinpath(name).read_text("utf-8") for name in _STATIC}
        self._templates = Environment(
            loader=FunctionLoader(lambda name: folder.joinpath(name).read_text("utf-8")),
            autoescape=True,
            undefined=StrictUndefined,
        )

    def application(self) -> web.Application:
        """Return the application that serves the pages."""
        application = web.Application()
        application.add_routes(
            [
                web.get("/", self._targets),
                web.get("/node/{path}", self._node),
                web.get("/api/targets", self._api_targets),
                web.get("/api/plots/{path}", self._api_plots),
                web.get("/metrics", self._metrics),
                web.get("/-/healthy", self._healthy),
                web.get("/static/{name:.+}", self._static_file),
            ]
        )
        return application

    def _page(self, template: str, **values: object) -> web.Response:
        text = self._templates.get_template(template).render(version=__version__, **values)
        return web.Response(text=text, content_type="text/html")

    async def _targets(self, request: web.Request) -> web.Response:
        return self._page(
            "targets.html",
            rows=rows(self._states),
            up=sum(state.up is True for state in self._states),
            deliveries=[delivery_row(delivery) for delivery in self._deliveries],
        )

    async def _node(self, request: web.Request) -> web.Response:
        path = self._known_path(request)
        states = [state for state in self._states if state.target.path == path]
        return self._page(
            "node.html",
            path=path,
            rows=rows(states),
            has_store=self._store is not None,
            spans=_SPANS,
            interval_s=min(state.target.interval_s for state in states),
        )

    async def _api_targets(self, request: web.Request) -> web.Response:
        return web.json_response(as_json(self._states, self._deliveries))

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
        store = self._store
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
        if not any(state.target.path == path for state in self._states):
            raise web.HTTPNotFound(text=f"no target is called {path!r}\n")
        return path

    async def _metrics(self, request: web.Request) -> web.Response:
        body = generate_latest(self._registry)
        return web.Response(body=body, headers={"Content-Type": CONTENT_TYPE_LATEST})

    async def _healthy(self, request: web.Request) -> web.Response:
        return web.Response(text="lmaster is healthy\n")

    async def _static_file(self, request: web.Request) -> web.Response:
        name = request.match_info["name"]
        if name not in self._static:
            raise web.HTTPNotFound
        return web.Response(text=self._static[name], content_type=_STATIC[name])


async def serve(application: web.Application, host: str, port: int) -> tuple[web.AppRunner, str]:
    """Serve until the runner is cleaned up; return it, and the URL.

    Raises: ServiceError when the port is taken.
    """
    runner = web.AppRunner(application, access_log=None)
    await runner.setup()
    try:
        await web.TCPSite(runner, host, port).start()
    except OSError as error:
        await runner.cleanup()
        raise ServiceError(
            f"the status page can't listen on {Endpoint(host, port)}: "
            f"{error.strerror or error}; give another --port, or set [lmaster] port"
        ) from error
    bound_host, bound_port = runner.addresses[0][:2]
    return runner, f"http://{Endpoint(bound_host, bound_port)}/"
