"""What lmaster takes is what a real Prometheus takes; where they differ, a value would be wrong.

The table of both is written to test-output/taken-pages.md.
"""

import json
import re
from collections import Counter
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import pytest
import requests

from fructosa_bridge.model.errors import PageError
from fructosa_bridge.translate import openmetrics, text_format
from fructosa_bridge.translate.translator import Translator
from tests.services import program

from .processes import Program, free_port
from .taken_pages import OPENMETRICS, TEXT, pages

OUTPUT = Path(__file__).parents[2] / "test-output"
PAGES = pages()

# Why we refuse what Prometheus 2.42 takes.
A_VALUE_WOULD_BE_WRONG = {
    "a number right behind a name: up-1 is hardly -1 of up": rb"(?m)^\w+(?:[-+][0-9]|[.][0-9])",
    "two values of one label: Prometheus loses the label": rb'x="[^"]*",x="',
    "a NUL at the begin of a line: Prometheus does not read on": rb"(?m)^\0",
}
# Why we take what Prometheus 2.42 refuses.
NO_VALUE_WOULD_BE_WRONG = {
    "names in quotes, as in Prometheus 3": rb'[{,] *"[^"]*"|(?:HELP|TYPE) "|"x[.]y"=',
    "a comma before a brace, as in Prometheus 3": rb'",\}',
    "exemplars of any metric, as in Prometheus 3": rb" # \{",
    "ends of lines of Windows": rb"\r",
    "labels and texts that are not UTF-8; all bytes are kept": rb"\xff",
    "times that do not count: they are not stored": rb"1 [-+]5|9{19}",
    "numbers that no double can hold: they become no point": rb"e999",
    "blanks within metadata, and before a name": rb"# (?:HELP|TYPE)|^ +a",
}
# Where both take a page and find something else in it.
OTHER_VALUES = {"a NUL in a comment: Prometheus does not read on": rb"#\0"}


class _Server(ThreadingHTTPServer):
    """Serves each of PAGES at the path that is its number."""

    daemon_threads = True

    class RequestHandlerClass(BaseHTTPRequestHandler):
        def do_GET(self):
            page, media = PAGES[int(self.path[1:])]
            self.send_response(200)
            self.send_header("Content-Type", media)
            self.send_header("Content-Length", str(len(page)))
            self.end_headers()
            self.wfile.write(page)

        def log_message(self, *_):
            pass

    def __init__(self):
        super().__init__(("127.0.0.1", 0), self.RequestHandlerClass)

    def handle_error(self, *_):
        """Be silent when Prometheus ends during a scrape."""


@pytest.fixture(scope="module")
def theirs(tmp_path_factory):
    """What Prometheus has of each page: its series with their values, None if it refuses it."""
    path, folder, port = (
        program("prometheus", "prometheus"),
        tmp_path_factory.mktemp("p"),
        free_port(),
    )
    server = _Server()
    thread = Thread(target=server.serve_forever, args=(0.05,))
    thread.start()
    address = f"127.0.0.1:{server.server_port}"
    config = folder / "prometheus.yml"
    targets = [
        {"targets": [address], "labels": {"page": str(number), "__metrics_path__": f"/{number}"}}
        for number in range(len(PAGES))
    ]
    # With the times of the pages, Prometheus would refuse old samples.
    job = {"job_name": "pages", "honor_timestamps": False, "static_configs": targets}
    each = {"scrape_interval": "3s", "scrape_timeout": "3s"}
    config.write_text(json.dumps({"global": each, "scrape_configs": [job]}))
    url = f"http://127.0.0.1:{port}/api/v1/query"

    def query(promql):
        try:
            response = requests.get(url, params={"query": promql}, timeout=10)
        except requests.ConnectionError:  # not started
            return []
        return response.json()["data"]["result"] if response.ok else []

    try:
        with Program(
            folder / "log",
            path,
            f"--config.file={config}",
            f"--storage.tsdb.path={folder}/data",
            f"--web.listen-address=127.0.0.1:{port}",
        ) as running:
            running.wait(lambda: len(query('up{job="pages"}')) == len(PAGES))
            return _by_page(query('{job="pages"}'))
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def _by_page(result):
    """Return the series of each page from the *result* of a query."""
    found = [{} for _ in PAGES]
    for one in result:
        labels, (_, value) = one["metric"], one["value"]
        name, number = labels.pop("__name__"), int(labels.pop("page"))
        if name == "up" and value == "0":
            found[number] = None
        if name == "up" or name.startswith("scrape_"):
            continue
        kept = {
            label.removeprefix("exported_"): text
            for label, text in labels.items()
            if label not in ("job", "instance") or f"exported_{label}" in labels
        }
        kept.update(
            (label.removeprefix("exported_"), text)
            for label, text in labels.items()
            if label.startswith("exported_")
        )
        found[number][name, frozenset(kept.items())] = repr(float(value))
    return found


def ours(page, media):
    """Return what lmaster reads of a page: of repeated series the first; None if it refuses it."""
    text, is_openmetrics = page.decode("utf-8", "surrogateescape"), media == OPENMETRICS
    module = openmetrics if is_openmetrics else text_format
    found = {}
    try:
        for name, labels, value, _ in module.samples(text):
            present = frozenset(label for label in labels if label[1])
            found.setdefault((name, present), repr(value))
    except PageError:
        found = None
    for translator in [Translator()] * 2:  # as a new page, and as a known one
        try:
            translator.translate(text, "n", 100, is_openmetrics=is_openmetrics)
        except PageError:
            assert found is None
        else:
            assert found is not None
    return found


def reason(page, reasons):
    """Return the first of *reasons* that fits a page, None if none does."""
    return next((name for name, pattern in reasons.items() if re.search(pattern, page)), None)


def compared(number, theirs):
    """Return how a page is taken by both: an outcome, and the reason if they differ."""
    page, media = PAGES[number]
    own, other = ours(page, media), theirs[number]
    if own is None and other is not None:
        return "Prometheus alone", reason(page, A_VALUE_WOULD_BE_WRONG)
    if own is not None and other is None:
        return "lmaster alone", reason(page, NO_VALUE_WOULD_BE_WRONG)
    if own != other:
        return "other values", reason(page, OTHER_VALUES)
    return ("refused by both" if own is None else "taken by both, with the same values"), "-"


def test_pages_are_taken_as_by_prometheus(theirs):
    """Each difference has a reason, and each reason is needed."""
    outcomes = [compared(number, theirs) for number in range(len(PAGES))]

    counted = Counter(
        (outcome, why, media) for (outcome, why), (_, media) in zip(outcomes, PAGES, strict=True)
    )
    rows = sorted({(outcome, why or "?") for outcome, why, _ in counted}, reverse=True)
    lines = ["| pages | reason | text format | OpenMetrics |", "| --- | --- | --: | --: |"]
    for row in rows:
        text, openmetrics_pages = (counted[*row, media] for media in (TEXT, OPENMETRICS))
        lines.append(f"| {' | '.join(row)} | {text} | {openmetrics_pages} |")
    OUTPUT.mkdir(exist_ok=True)
    (OUTPUT / "taken-pages.md").write_text("\n".join([*lines, ""]))

    unexplained = [
        (outcome, PAGES[number]) for number, (outcome, why) in enumerate(outcomes) if why is None
    ]
    assert [] == unexplained
    assert len(PAGES) > 500
    reasons = {**A_VALUE_WOULD_BE_WRONG, **NO_VALUE_WOULD_BE_WRONG, **OTHER_VALUES}
    assert reasons.keys() == {why for _, why in outcomes} - {"-"}
