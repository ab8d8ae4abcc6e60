"""A real VictoriaMetrics on loopback, with its listener for Graphite's protocol."""

import json
import signal

import requests

from .processes import Program, free_port, listens


class Victoria:
    """A VictoriaMetrics that can be stopped and restarted."""

    def __init__(self, path, folder, *options):
        self.port, self._http = free_port(), free_port()
        self._log = folder / "victoria.log"
        self._command = [
            path,
            f"-storageDataPath={folder}/victoria",
            f"-httpListenAddr=127.0.0.1:{self._http}",
            f"-graphiteListenAddr=127.0.0.1:{self.port}",
            *options,
        ]
        self.start()

    def start(self):
        """Start it, and wait until it listens on both ports."""
        self._program = Program(self._log, *self._command)
        self._program.wait(lambda: listens(self.port) and listens(self._http))

    def end(self, number=signal.SIGTERM):
        """End it."""
        self._program.end(number)

    def points(self, query='{__name__!=""}'):
        """Return the points of the series that *query* selects: ``{path: [(time, value)]}``."""
        response = requests.get(
            f"http://127.0.0.1:{self._http}/api/v1/export", params={"match[]": query}, timeout=10
        )
        response.raise_for_status()
        exported = map(json.loads, response.text.splitlines())
        return {
            series["metric"]["__name__"]: [
                (when // 1000, value)
                for when, value in zip(series["timestamps"], series["values"], strict=True)
            ]
            for series in exported
        }
