"""Nodes, lmasters and a real carbon; compares what the nodes served with what is in Whisper."""

import re
import signal
import struct
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, suppress

import requests
import whisper

from .faults_nodes import PARTS, Nodes
from .faults_table import Row
from .processes import Master, wait_until

_DELIVERY_TIMEOUT_S = 20
PROTOCOLS = "pickle", "plaintext"


class Stream:
    """One lmaster that writes to carbon. It scrapes its own path, so it has its own values."""

    def __init__(
        self, lab, name, hosts, protocol, port=None, interval=1, more="", data=None, parts=PARTS
    ):
        self.name, self.lab, self.interval, self.parts = name, lab, interval, parts
        lab.nodes.parts[f"/{name}"] = parts
        self.starts = 0
        self.folder = lab.folder / name
        self.folder.mkdir()
        self.data = data or self.folder / "data"
        graphite = lab.graphite
        ports = {"pickle": graphite.pickle_port, "plaintext": graphite.line_port}
        key = {"pickle": "carbon receiver pickle port", "plaintext": "carbon receiver port"}
        self.port = port or ports[protocol]
        self._config = self.folder / "lmaster.conf"
        self._config.write_text(
            f"[lmaster]\n{more}\n"
            f"[nodes:test]\nhosts = {hosts}\nport = {lab.nodes.port}\ninterval = {interval}\n"
            f"timeout = {interval * 0.8:g}\npath = /{name}\n"
            f"[Graphite]\nhost = 127.0.0.1\nprefix = {name}\nprotocol = {protocol}\n"
            f"{key[protocol]} = {self.port}\n"
        )

    def start(self):
        """Start its lmaster."""
        self.starts += 1
        folder = self.folder / f"start{self.starts}"
        folder.mkdir()
        self.master = Master(folder, "-c", self._config, "--data", self.data)
        self.lab.stack.callback(self.master.end)

    @property
    def runs(self):
        """Whether the lmaster runs."""
        return self.master.process.poll() is None

    def metric(self, name):
        """Return the sum of a metric of the lmaster over all its series."""
        page = requests.get(f"{self.master.url.rstrip('/')}/metrics", timeout=10).text
        found = re.findall(rf"^{name}(?:{{.*}})? (\S+)$", page, re.M)
        assert found, f"no {name} in {page}"
        return sum(map(float, found))

    def times(self):
        """Return the times at which the pages were served, by node."""
        times = self.lab.nodes.times
        return {
            node: list(times[path, node]) for path, node in list(times) if path[1:] == self.name
        }

    def stored(self, node, part, from_s):
        """Return the values of a series in Whisper with their times."""
        where = node.replace(".", "-")
        path = self.lab.whisper / self.name / where / "ticks/part" / f"{part}.wsp"
        if not path.exists():
            return []
        try:
            (start_s, _, step_s), values = whisper.fetch(str(path), int(from_s))
        except (whisper.CorruptWhisperFile, struct.error):  # carbon is creating it
            return []
        return [
            (int(value), start_s + number * step_s)
            for number, value in enumerate(values)
            if value is not None
        ]


class Lab:
    """Several streams that go through the same fault, and the table of the results."""

    def __init__(self, folder, graphite, rows):
        self.folder, self.graphite, self.rows = folder, graphite, rows
        self.whisper = graphite.folder / "storage/whisper"
        self.stack = ExitStack()
        self.nodes = self.stack.enter_context(Nodes())
        self.streams = []
        self._began_s = time.time() - 2

    def stream(self, name, protocol="pickle", hosts="127.2.0.[1-10]", **more):
        """Add a stream and start its lmaster."""
        made = Stream(self, name, hosts, protocol, **more)
        self.start([made])
        self.streams.append(made)
        return made

    def both(self, name, **more):
        """Start one stream per protocol of carbon."""
        made = [
            Stream(self, f"{name}-{protocol}", "127.2.0.[1-10]", protocol, **more)
            for protocol in PROTOCOLS
        ]
        self.start(made)
        self.streams += made
        return made

    def start(self, streams):
        """Start lmasters at the same time."""
        with ThreadPoolExecutor() as pool:
            list(pool.map(Stream.start, streams))

    def pages(self, count):
        """Wait until each node has served *count* more pages to each running lmaster."""
        streams = [stream for stream in self.streams if stream.runs]
        before = [stream.times() for stream in streams]

        def are_there():
            return all(
                now
                and all(
                    len(times) >= len(then.get(node, ())) + count for node, times in now.items()
                )
                for then, now in zip(before, (s.times() for s in streams), strict=True)
            )

        wait_until(are_there, lambda: "pages to be served", pause_s=0.05)

    def files(self):
        """Wait until carbon has created the file of each series.

        A carbon that is killed while it creates a file leaves it empty, and can never write to it.
        """
        served = {stream: stream.times() for stream in self.streams}
        wait_until(lambda: not self._missing(served), lambda: "files", pause_s=0.1)

    def noticed(self, pattern):
        """Wait until each lmaster has logged *pattern*."""
        for stream in self.streams:
            stream.master.wait_for_output(pattern)

    def compare(self, fault, note="", shifts=(0.0,), killed_s=0.0, streams=None):
        """Wait until all that was served so far is stored; return what is still missing.

        Only *streams* are compared; by default all. The result has streams, nodes, parts and page
        numbers. Pages of the last second before lmaster was killed may be missing: they are in the
        table, but not in the result. Each stored value must be in its own slot, and only once.
        *shifts* are the possible offsets of lmaster's clock.
        """
        served = {stream: stream.times() for stream in streams or self.streams}

        def lost():
            return [
                (stream.name, node, part, number)
                for stream, node, part, number in self._missing(served)
                if not killed_s - 1 <= served[stream][node][number] <= killed_s
            ]

        with suppress(AssertionError):
            wait_until(lambda: not lost(), lambda: "all", _DELIVERY_TIMEOUT_S, pause_s=0.2)
        missing = self._missing(served)
        points = sum(
            s.parts * len(times) for s, nodes in served.items() for times in nodes.values()
        )
        self.rows.append(Row(fault, points, points - len(missing), note))
        for stream, nodes in served.items():
            self._check(stream, nodes, shifts)
        return lost()

    def _missing(self, served):
        return [
            (stream, node, part, number)
            for stream, nodes in served.items()
            for node, times in nodes.items()
            for part in range(stream.parts)
            for number in sorted(
                {*range(len(times))} - {n for n, _ in stream.stored(node, part, self._began_s)}
            )
        ]

    def _check(self, stream, nodes, shifts):
        for node, times in nodes.items():
            for part in range(stream.parts):
                stored = stream.stored(node, part, self._began_s)
                assert {1} == set(Counter(number for number, _ in stored).values())
                for number, second in stored:
                    if number < len(times):
                        late_s = times[number] - second
                        assert any(0 <= late_s + shift < stream.interval + 1 for shift in shifts)

    def look_back(self, seconds):
        """Include what was stored up to *seconds* ago."""
        self._began_s = time.time() - seconds

    def end(self):
        """End everything that it started; the lmasters are no longer needed, so kill them."""
        for stream in self.streams:
            stream.master.end(signal.SIGKILL)
        self.stack.close()
