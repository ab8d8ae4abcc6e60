"""A small server with the parts of Grafana's HTTP API that a push needs."""

import base64
import json
import threading
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

TOKEN = "glsa_right"  # noqa: S105 - only valid in the fake
USER, PASSWORD = "admin", "pässword"
EDITORS = {
    f"Bearer {TOKEN}",
    "Basic " + base64.b64encode(f"{USER}:{PASSWORD}".encode()).decode(),
}
VIEWER = "glsa_viewer"
DENIED = "You'll need additional permissions to perform this action"


@dataclass
class FakeGrafana:
    """The content of a Grafana, and the requests that it got.

    With *is_old*, it behaves as 7.5: folders of dashboards are known only by id, not by uid, and
    titles are unique in a folder. *canned* has responses by method and path, which replace the
    usual ones: status, headers and body, or a function that gets the handler.
    """

    is_old: bool = False
    prefix: str = ""
    url: str = ""
    folders: dict = field(default_factory=dict)
    dashboards: dict = field(default_factory=dict)
    requests: list = field(default_factory=list)
    canned: dict = field(default_factory=dict)
    is_stopped: threading.Event = field(default_factory=threading.Event)

    @property
    def requested(self):
        """Method and path of each request."""
        return [(method, path) for method, path, _, _ in self.requests]

    @property
    def sent(self):
        """The bodies of the requests to save a dashboard."""
        return [body for _, path, _, body in self.requests if path == "/api/dashboards/db"]

    def add_folder(self, uid="fructosa", title="FrUCToSA"):
        """Add a folder."""
        folder_id = len(self.folders) + 7
        self.folders[uid] = {"id": folder_id, "uid": uid, "title": title}
        return self.folders[uid]

    def respond(self, method, path, authorization, body):
        """Return status and body of a response."""
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
                return self._create_folder(body)
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
        # Newer versions do not disclose which folders exist.
        return 403, {"message": DENIED, "title": "Access denied"}

    def _create_folder(self, body):
        titles = {folder["title"] for folder in self.folders.values()}
        if body["uid"] in self.folders or (self.is_old and body["title"] in titles):
            return 409, {"message": "a folder with the same name already exists"}
        return 200, self.add_folder(body["uid"], body["title"])

    def _dashboard(self, uid):
        if uid not in self.dashboards:
            return 404, {"message": "Dashboard not found"}
        saved, meta = self.dashboards[uid]
        folder = self.folders.get(meta["folder"], {"id": 0, "uid": ""})
        reported = {"folderId": folder["id"], "provisioned": meta.get("provisioned", False)}
        if not self.is_old:
            reported["folderUid"] = folder["uid"]
        return 200, {"dashboard": saved, "meta": reported}

    def _save(self, body):
        """Save a dashboard, unless it conflicts with another one."""
        model, folder = body["dashboard"], self._folder_of(body)
        uid = model["uid"]
        old, _ = self.dashboards.get(uid, (None, None))
        for other, (saved, meta) in self.dashboards.items():
            is_same_title = (saved["title"], meta["folder"]) == (model["title"], folder)
            if self.is_old and other != uid and is_same_title and not body["overwrite"]:
                return 412, {"message": "the same name already exists", "status": "name-exists"}
        if old and model.get("version") != old["version"] and not body["overwrite"]:
            changed = "The dashboard has been changed by someone else"
            return 412, {"message": changed, "status": "version-mismatch"}
        board_id = old["id"] if old else len(self.dashboards) + 1
        version = old["version"] + 1 if old else 1
        saved = {**model, "id": board_id, "version": version}
        self.dashboards[uid] = (saved, {"folder": folder})
        identity = {"id": board_id, "uid": uid, "url": f"{self.prefix}/d/{uid}/slug"}
        return 200, {**identity, "status": "success", "version": version, "slug": "slug"}

    def _folder_of(self, body):
        if not self.is_old:
            return body.get("folderUid", "")
        uids = {folder["id"]: uid for uid, folder in self.folders.items()}
        return uids.get(body.get("folderId", 0), "")


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True  # headers and body are written separately

    def do_GET(self):
        fake = self.server.fake
        length = int(self.headers.get("Content-Length", 0))
        body = json.loads(self.rfile.read(length)) if length else None
        path = self.path.removeprefix(fake.prefix)
        authorization = self.headers.get("Authorization")
        fake.requests.append((self.command, path, authorization, body))
        canned = fake.canned.get((self.command, path))
        if callable(canned):
            canned(self)
        elif canned is not None:
            self.send(*canned)
        elif not self.path.startswith(f"{fake.prefix}/"):
            self.send(404, {"Content-Type": "text/html"}, b"<html>nothing here</html>")
        else:
            status, content = fake.respond(self.command, path, authorization, body)
            encoded = json.dumps(content).encode()
            self.send(status, {"Content-Type": "application/json; charset=UTF-8"}, encoded)

    do_POST = do_GET  # noqa: N815 - as above

    def send(self, status, headers, content):
        """Send a complete response."""
        self.send_response(status)
        for name, value in {**headers, "Content-Length": str(len(content))}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *_):
        """Log nothing."""


@contextmanager
def grafana(context=None, **fields):
    """Serve a fake Grafana on a free port; with TLS if there is an SSL *context*."""
    fake = FakeGrafana(**fields)
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Handler)
    server.daemon_threads = True
    server.handle_error = lambda *_: None  # clients may disconnect at any time
    server.fake = fake
    if context is not None:
        server.socket = context.wrap_socket(server.socket, server_side=True)
    fake.url = f"http{'s' if context else ''}://127.0.0.1:{server.server_port}{fake.prefix}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield fake
    finally:
        fake.is_stopped.set()
        server.shutdown()
        server.server_close()
        thread.join()
