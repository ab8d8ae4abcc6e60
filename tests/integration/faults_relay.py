"""A TCP proxy between lmaster and carbon that can cut a connection in the middle of a batch."""

import socket
import struct
import threading
from contextlib import suppress

RST = struct.pack("ii", 1, 0)  # SO_LINGER of 0 s: close() resets the connection


class Relay:
    """Forwards connections to a loopback *port*.

    The n-th connection is cut after the n-th number of bytes of *cuts*; later ones are not cut.
    Bytes after the cut in the same read are lost, as on a broken network. *seen* is called with all
    data that is forwarded.
    """

    def __init__(self, port, cuts=(), is_reset=False, seen=lambda _: None):
        self.cuts_left = list(cuts)
        self._to, self._is_reset, self._seen = port, is_reset, seen
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]
        self._open = []
        self._threads = [threading.Thread(target=self._accept)]

    def __enter__(self):
        self._threads[0].start()
        return self

    def __exit__(self, *_):
        for one in (self._listener, *self._open):
            with suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)
        for thread in self._threads:
            thread.join()
        self._listener.close()

    def _accept(self):
        with suppress(OSError):  # the listener was shut down
            while True:
                client, _ = self._listener.accept()
                after = self.cuts_left[0] if self.cuts_left else None
                self._open.append(client)
                thread = threading.Thread(target=self._forward, args=(client, after))
                self._threads.append(thread)
                thread.start()

    def _forward(self, client, after):
        with client, suppress(OSError), socket.create_connection(("127.0.0.1", self._to)) as carbon:
            while received := client.recv(2**16):
                passed = received[:after]
                carbon.sendall(passed)
                self._seen(passed)
                if after is not None:
                    after -= len(passed)
                    if after == 0:
                        self._cut(client, carbon)
                        return

    def _cut(self, *both):
        self.cuts_left.pop(0)
        for one in both:
            if self._is_reset:
                one.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RST)
            else:
                one.shutdown(socket.SHUT_RDWR)
