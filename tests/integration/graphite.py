"""A real Graphite on loopback: carbon-cache and graphite-web 1.1.10, in one folder."""

import os
import signal
import subprocess
import time
from pathlib import Path

import requests

from .processes import Program, free_port, listens

VENV = Path(__file__).parents[2] / ".venv-graphite"

_CARBON = """\
[cache]
STORAGE_DIR = {folder}/storage
LOCAL_DATA_DIR = {folder}/storage/whisper
CONF_DIR = {folder}/conf
LOG_DIR = {folder}/storage/log
PID_DIR = {folder}/storage
USER =
LINE_RECEIVER_INTERFACE = 127.0.0.1
LINE_RECEIVER_PORT = {line}
PICKLE_RECEIVER_INTERFACE = 127.0.0.1
PICKLE_RECEIVER_PORT = {pickle}
CACHE_QUERY_INTERFACE = 127.0.0.1
CACHE_QUERY_PORT = {query}
MAX_CREATES_PER_MINUTE = inf
MAX_UPDATES_PER_SECOND = inf
CACHE_WRITE_STRATEGY = naive
WHISPER_SPARSE_CREATE = True
ENABLE_TAGS = False
TAG_HASH_FILENAMES = False
"""

# One slot per second, so that every point keeps its time.
_SCHEMAS = "[all]\npattern = .*\nretentions = 1s:1h\n"
_AGGREGATION = "[all]\npattern = .*\nxFilesFactor = 0\naggregationMethod = last\n"
_RULES = {"storage-schemas.conf": _SCHEMAS, "storage-aggregation.conf": _AGGREGATION}

_WEB = """\
SECRET_KEY = 'for these tests only'
GRAPHITE_ROOT = {folder!r}
CONF_DIR = GRAPHITE_ROOT + '/conf'
STORAGE_DIR = GRAPHITE_ROOT + '/storage'
WHISPER_DIR = STORAGE_DIR + '/whisper/'
LOG_DIR = STORAGE_DIR + '/log/webapp'
WEBAPP_DIR = {venv!r} + '/webapp'
CARBONLINK_HOSTS = ['127.0.0.1:{query}']
FIND_CACHE_DURATION = DEFAULT_CACHE_DURATION = TAGDB_CACHE_DURATION = 0
"""

# Without a section, graphite-web draws nothing at all.
_TEMPLATES = """\
[default]
background = white
foreground = black
majorLine = #bbbbbb
minorLine = #eeeeee
fontName = DejaVu Sans
fontSize = 9
"""


class Carbon:
    """A carbon-cache, by default with one slot per second; it can be stopped and restarted.

    *rules* is a folder with another storage-schemas.conf and storage-aggregation.conf.
    """

    def __init__(self, folder, rules=None):
        self.folder = folder
        self.line_port, self.pickle_port, self.query_port = (free_port() for _ in range(3))
        ports = {"line": self.line_port, "pickle": self.pickle_port, "query": self.query_port}
        self._write("conf/carbon.conf", _CARBON.format(folder=folder, **ports))
        for name, text in _RULES.items():
            self._write(f"conf/{name}", (rules / name).read_text() if rules else text)
        (folder / "storage/whisper").mkdir(parents=True)
        self.start_carbon()

    def _write(self, name, text):
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)

    def start_carbon(self):
        """Start carbon-cache, and wait until both receivers listen."""
        self.carbon = Program(
            self.folder / "carbon.log",
            VENV / "bin/carbon-cache.py",
            f"--config={self.folder}/conf/carbon.conf",
            "--nodaemon",
            "start",
            env={**os.environ, "GRAPHITE_ROOT": str(self.folder)},
        )
        self.carbon.wait(lambda: listens(self.line_port) and listens(self.pickle_port))

    def end_carbon(self, number=signal.SIGTERM):
        """End carbon-cache; on SIGTERM it writes its cache to disk."""
        self.carbon.end(number)

    def end(self):
        """End everything."""
        self.end_carbon()


class Graphite(Carbon):
    """carbon-cache and graphite-web."""

    def __init__(self, folder):
        super().__init__(folder)
        self._web_port = free_port()
        self.web_url = f"http://127.0.0.1:{self._web_port}"
        self._write("conf/dashboard.conf", "")
        self._write("conf/graphTemplates.conf", _TEMPLATES)
        settings = _WEB.format(folder=str(folder), venv=str(VENV), query=self.query_port)
        self._write("settings/graphite_test_settings.py", settings)
        # graphite-web checks only at its start which of its folders exist.
        (folder / "storage/log/webapp").mkdir(parents=True)
        try:
            self._web = self._start_web()
        except BaseException:
            self.end_carbon()
            raise

    def _start_web(self):
        env = {
            **os.environ,
            "GRAPHITE_ROOT": str(self.folder),
            "GRAPHITE_SETTINGS_MODULE": "graphite_test_settings",
            "DJANGO_SETTINGS_MODULE": "graphite.settings",
            "PYTHONPATH": str(self.folder / "settings"),
        }
        command = [VENV / "bin/django-admin", "migrate", "--run-syncdb", "-v0"]
        done = subprocess.run(
            command, env=env, check=False, capture_output=True, text=True, timeout=120
        )
        assert done.returncode == 0, done.stderr[-2000:]
        listen = f"--listen=127.0.0.1:{self._web_port}"
        web = Program(
            self.folder / "web.log",
            VENV / "bin/waitress-serve",
            listen,
            "graphite.wsgi:application",
            env=env,
        )
        web.wait(lambda: listens(self._web_port))
        return web

    def end(self):
        """End graphite-web and carbon-cache."""
        self._web.end()
        super().end()

    def _get(self, path, **query):
        return self._request(path, **query).json()

    def _request(self, path, **query):
        response = requests.get(f"{self.web_url}{path}", params=query, timeout=30)
        response.raise_for_status()
        return response

    def render(self, target, from_s):
        """Return the series of *target* since *from_s*: ``{path: {time: value}}``."""
        until_s = int(time.time()) + 2
        query = {"target": target, "from": int(from_s), "until": until_s, "format": "json"}
        found = self._get("/render", **query)
        return {
            series["target"]: {
                when: value for value, when in series["datapoints"] if value is not None
            }
            for series in found
        }

    def points(self, target, from_s):
        """Return the points of the single series *target*; {} if it does not exist yet."""
        return self.render(target, from_s).get(target, {})

    def find(self, query):
        """Return the paths that /metrics/find returns."""
        return [found["id"] for found in self._get("/metrics/find", query=query)]

    def png(self, target, from_s, width=400, height=250, **query):
        """Return a PNG of *target*, or of several targets, since *from_s*.

        *query* has other parameters of /render: ``title``, ``areaMode``, ``hideLegend``, ...
        """
        query |= {"from": int(from_s), "width": width, "height": height, "format": "png"}
        image = self._request("/render", target=target, **query).content
        assert image.startswith(b"\x89PNG"), image[:200]
        return image
