"""An HTTP server with fixed responses: a fake lmaster, or another server."""

import json
import threading
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer

from fructosa_bridge.web.status import target_status

from .fake_status import state

PLAIN_TEXT = "text/plain; charset=utf-8"


@contextmanager
def serving(status, body, content_type=PLAIN_TEXT):
    """Give each request the same response; yield the URL and the requests received."""
    requests = []

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self):
            requests.append((self.command, self.path, self.headers["Authorization"]))
            self.send_response(status)
            self.send_header("Content-Type", content_type)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        do_POST = do_GET  # noqa: N815 - the library's name

        def log_message(self, *_):
            pass

    with HTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}", requests
        finally:
            server.shutdown()
            thread.join()


def targets_json(*states, slurm=None):
    """Return lmaster's response to /api/targets."""
    return json.dumps({"targets": [target_status(one, slurm) for one in states]})


def serving_targets(*hosts, **values):
    """Serve the targets of an lmaster."""
    body = targets_json(*(state(host, **values) for host in hosts)).encode()
    return serving(200, body, "application/json")
