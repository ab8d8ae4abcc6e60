"""Nodes with their own loopback addresses, all in the process of the test."""

import threading
import time
from collections import defaultdict
from contextlib import ExitStack
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from fructosa_bridge.naming import graphite_paths

from .processes import free_port

# Characters that a path may contain: a slash, a space, non-ASCII letters; and names of labels.
_SERIES = (
    ("ticks", ()),
    ("odd", (("mountpoint", "/home"),)),
    ("odd", (("mountpoint", "a b"),)),
    ("odd", (("mountpoint", "ü.x;y=z"),)),
    ("same", (("one", "x"),)),
    ("same", (("other", "x"),)),
)


def _written(name, labels):
    inside = ",".join(f'{label}="{value}"' for label, value in labels)
    return f"{name}{{{inside}}}"


class _Server(ThreadingHTTPServer):
    daemon_threads = True


class Farm:
    """Some nodes; every sample of a node's n-th page is n, counted from zero."""

    paths = tuple(graphite_paths.path(name, labels) for name, labels in _SERIES)

    def __init__(self, nodes):
        self.hosts = [f"127.3.0.{number}" for number in range(1, nodes + 1)]
        self.port = free_port()
        self._lock = threading.Lock()
        self._requests = defaultdict(list)
        self._stack = ExitStack()

    def __enter__(self):
        with ExitStack() as stack:
            for host in self.hosts:
                self._serve(host, stack)
            self._stack = stack.pop_all()
        return self

    def __exit__(self, *_):
        self._stack.close()

    def _serve(self, host, stack):
        farm = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self):
                body = farm._page(host, self.path).encode()
                self.send_response(200)
                self.send_header("Content-Type", "text/plain; version=0.0.4")
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_):
                pass

        server = _Server((host, self.port), Handler)
        stack.callback(server.server_close)
        thread = threading.Thread(target=server.serve_forever, args=(0.05,))
        thread.start()
        stack.callback(thread.join)
        stack.callback(server.shutdown)

    def _page(self, host, path):
        with self._lock:
            number = len(self._requests[host])
            self._requests[host].append((path, time.time()))
        return "".join(f"{_written(*series)} {number}\n" for series in _SERIES)

    def served(self):
        """Return the number of requests to each node."""
        with self._lock:
            return {host: len(self._requests[host]) for host in self.hosts}

    def requested_paths(self):
        """Return the paths that were requested from each node."""
        with self._lock:
            return {host: {path for path, _ in self._requests[host]} for host in self.hosts}

    def times(self, host):
        """Return the times of the requests to a node."""
        with self._lock:
            return [time_s for _, time_s in self._requests[host]]
