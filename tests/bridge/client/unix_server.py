"""A server at a unix socket that gives each request the same answer, valid or not."""

import contextlib
import socket
import threading

JSON = "application/json"


def answer(status, body, content_type="text/plain", headers=None):
    """Return an HTTP answer as bytes."""
    head = f"HTTP/1.1 {status} x\r\nContent-Type: {content_type}\r\nContent-Length: {len(body)}"
    head += "".join(f"\r\n{name}: {value}" for name, value in (headers or {}).items())
    return f"{head}\r\n\r\n".encode() + body


@contextlib.contextmanager
def answering(path, content):
    """Answer with these bytes, and close the connection; yield the first lines of requests."""
    requests = []

    def serve(listening):
        while True:
            accepted, _ = listening.accept()
            with accepted, accepted.makefile("rb") as received:
                first = received.readline().decode().strip()
                if not first:  # it is the end of this server
                    return
                requests.append(first)
                while received.readline().strip():
                    pass
                with contextlib.suppress(OSError):
                    accepted.sendall(content)

    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(str(path))
        listening.listen()
        thread = threading.Thread(target=serve, args=(listening,))
        thread.start()
        try:
            yield requests
        finally:
            with socket.socket(socket.AF_UNIX) as last:
                last.connect(str(path))
            thread.join()
