"""A small server that answers as Grafana's HTTP API documents: health, folders, dashboards."""

import base64
import json
import threading
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

TOKEN = "glsa_right"  # noqa: S105 - of a Grafana that no test leaves behind
USER, PASSWORD = "admin", "pässword"
EDITORS = {
    f"Bearer {TOKEN}",
    "Basic " + base64.b64encode(f"{USER}:{PASSWORD}".encode()).decode(),
}
VIEWER = "glsa_viewer"
DENIED = "You'll need additional permissions to perform this action"


@dataclass
class GrafanaApi:
    """What a Grafana keeps, and what it was asked.

    *is_old*: it's one of 7.5, which knows a dashboard's folder by its number alone, where newer
    ones go by its uid, and has no two dashboards of one title in a folder. *says* has answers
    that it gives instead of its own, by method and path: a status, headers and a body, or a
    function of the handler.
    """

    is_old: bool = False
    prefix: str = ""
    url: str = ""
    folders: dict = field(default_factory=dict)
    dashboards: dict = field(default_factory=dict)
    requests: list = field(default_factory=list)
    says: dict = field(default_factory=dict)
    is_over: threading.Event = field(default_factory=threading.Event)

    @property
    def asked(self):
        """Method and path of each question."""
        return [(method, path) for method, path, _, _ in self.requests]

    @property
    def sent(self):
        """What was posted as dashboards."""
        return [body for _, path, _, body in self.requests if path == "/api/dashboards/db"]

    def add_folder(self, uid="fructosa", title="FrUCToSA"):
        """Make a folder, as somebody else has."""
        number = len(self.folders) + 7
        self.folders[uid] = {"id": number, "uid": uid, "title": title}
        return self.folders[uid]

    def answer(self, method, path, authorization, body):
        """Return status and body of an answer."""
        if path == "/api/health":
            return 200, {"commit": "abcdef", "database": "ok", "version": "7.5.17"}
        if authorization == f"Bearer {VIEWER}" and method == "POST":
            return 403, {"message": DENIED, "title": "Access denied"}
        if authorization not in EDITORS | {f"Bearer {VIEWER}"}:
            return 401, {"message": "Invalid API key" if authorization else "Unauthorized"}
        match method, path.removeprefix("/api/").split("/"):
            case "GET", ["folders", uid]:
                return self._folder(uid)
            case "POST", ["folders"]:
                return self._make_folder(body)
            case "GET", ["dashboards", "uid", uid]:
                return self._dashboard(uid)
            case "POST", ["dashboards", "db"]:
                return self._save(body)
        return 404, {"message": "Not found"}

    def _folder(self, uid):
        if uid in self.folders:
            return 200, self.folders[uid]
        if self.is_old:
            return 404, {"message": "Folder not found"}
        # Who may see some folders alone isn't told which ones there are.
        return 403, {"message": DENIED, "title": "Access denied"}

    def _make_folder(self, body):
        titles = {folder["title"] for folder in self.folders.values()}
        if body["uid"] in self.folders or (self.is_old and body["title"] in titles):
            return 409, {"message": "a folder with the same name already exists"}
        return 200, self.add_folder(body["uid"], body["title"])

    def _dashboard(self, uid):
        if uid not in self.dashboards:
            return 404, {"message": "Dashboard not found"}
        kept, meta = self.dashboards[uid]
        folder = self.folders.get(meta["folder"], {"id": 0, "uid": ""})
        told = {"folderId": folder["id"], "provisioned": meta.get("provisioned", False)}
        if not self.is_old:
            told["folderUid"] = folder["uid"]
        return 200, {"dashboard": kept, "meta": told}

    def _save(self, body):
        """Keep a dashboard, unless another one is in its way."""
        model, folder = body["dashboard"], self._folder_of(body)
        uid = model["uid"]
        old, _ = self.dashboards.get(uid, (None, None))
        for other, (kept, meta) in self.dashboards.items():
            is_same_title = (kept["title"], meta["folder"]) == (model["title"], folder)
            if self.is_old and other != uid and is_same_title and not body["overwrite"]:
                return 412, {"message": "the same name already exists", "status": "name-exists"}
        if old and model.get("version") != old["version"] and not body["overwrite"]:
            changed = "The dashboard has been changed by someone else"
            return 412, {"message": changed, "status": "version-mismatch"}
        number = old["id"] if old else len(self.dashboards) + 1
        version = old["version"] + 1 if old else 1
        kept = {**model, "id": number, "version": version}
        self.dashboards[uid] = (kept, {"folder": folder})
        told = {"id": number, "uid": uid, "url": f"{self.prefix}/d/{uid}/slug"}
        return 200, {**told, "status": "success", "version": version, "slug": "slug"}

    def _folder_of(self, body):
        if not self.is_old:
            return body.get("folderUid", "")
        numbers = {folder["id"]: uid for uid, folder in self.folders.items()}
        return numbers.get(body.get("folderId", 0), "")


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True  # head and body are written one after the other

    def do_GET(self):
        api = self.server.api
        length = int(self.headers.get("Content-Length", 0))
        body = json.loads(self.rfile.read(length)) if length else None
        path = self.path.removeprefix(api.prefix)
        authorization = self.headers.get("Authorization")
        api.requests.append((self.command, path, authorization, body))
        said = api.says.get((self.command, path))
        if callable(said):
            said(self)
        elif said is not None:
            self.reply(*said)
        elif not self.path.startswith(f"{api.prefix}/"):
            self.reply(404, {"Content-Type": "text/html"}, b"<html>nothing here</html>")
        else:
            status, content = api.answer(self.command, path, authorization, body)
            told = json.dumps(content).encode()
            self.reply(status, {"Content-Type": "application/json; charset=UTF-8"}, told)

    do_POST = do_GET  # noqa: N815 - as above

    def reply(self, status, headers, content):
        """Send a whole answer."""
        self.send_response(status)
        for name, value in {**headers, "Content-Length": str(len(content))}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *_):
        """Keep silent."""


@contextmanager
def grafana(context=None, **how):
    """Serve a Grafana on a free port, with TLS where there is an SSL *context*."""
    api = GrafanaApi(**how)
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Handler)
    server.daemon_threads = True
    server.handle_error = lambda *_: None  # a client that goes away is no news
    server.api = api
    if context is not None:
        server.socket = context.wrap_socket(server.socket, server_side=True)
    api.url = f"http{'s' if context else ''}://127.0.0.1:{server.server_port}{api.prefix}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield api
    finally:
        api.is_over.set()
        server.shutdown()
        server.server_close()
        thread.join()
