"""The metrics that a scraper exposes about itself."""

import json
import urllib.parse
import urllib.request

from prometheus_client.parser import text_string_to_metric_families

_TIMEOUT_S = 30


class OwnMetrics:
    """The current /metrics page of a program on a loopback *port*."""

    def __init__(self, port: int) -> None:
        families = text_string_to_metric_families(_get(port, "/metrics"))
        self._samples = [sample for family in families for sample in family.samples]

    def total(self, name: str, **labels: str) -> int:
        """Return the sum of a metric over all series with these *labels*; 0 if there is none.

        Prometheus and vmagent do not expose a counter before its first event.
        """
        names = (name, f"{name}_total")
        return round(
            sum(
                sample.value
                for sample in self._samples
                if sample.name in names and labels.items() <= sample.labels.items()
            )
        )


def query(port: int, text: str) -> int:
    """Return the single value of a query to a Prometheus; 0 if the result is empty."""
    parameters = urllib.parse.urlencode({"query": text})
    result = json.loads(_get(port, f"/api/v1/query?{parameters}"))["data"]["result"]
    return round(float(result[0]["value"][1])) if result else 0


def _get(port: int, path: str) -> str:
    with urllib.request.urlopen(f"http://127.0.0.1:{port}{path}", timeout=_TIMEOUT_S) as response:
        text: str = response.read().decode()
    return text
