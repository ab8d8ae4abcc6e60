"""What a program says of itself on /metrics."""

import json
import urllib.parse
import urllib.request

from prometheus_client.parser import text_string_to_metric_families

_PATIENCE_S = 30


class Said:
    """The page of a program on the loopback's *port*, as it is now."""

    def __init__(self, port: int) -> None:
        families = text_string_to_metric_families(_get(port, "/metrics"))
        self._samples = [sample for family in families for sample in family.samples]

    def total(self, name: str, **labels: str) -> int:
        """Return the sum of a metric with such *labels*, 0 where it does not stand there.

        Prometheus and vmagent say nothing of what has not happened yet.
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
    """Return the only value that a Prometheus answers to a query, 0 without one."""
    asked = urllib.parse.urlencode({"query": text})
    found = json.loads(_get(port, f"/api/v1/query?{asked}"))["data"]["result"]
    return round(float(found[0]["value"][1])) if found else 0


def _get(port: int, path: str) -> str:
    with urllib.request.urlopen(f"http://127.0.0.1:{port}{path}", timeout=_PATIENCE_S) as answer:
        text: str = answer.read().decode()
    return text
