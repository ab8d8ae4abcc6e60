"""examples/alertmanager.yml with a real Alertmanager and amtool."""

import json
import subprocess
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
import requests
import yaml

from tests.services import program

from .processes import Program, free_port, wait_until

EXAMPLE = Path(__file__).parents[2] / "examples" / "alertmanager.yml"


@pytest.mark.parametrize(
    ("labels", "receiver"),
    [
        ("alertname=FructosaManyNodesDown severity=critical", "on-call"),
        ("alertname=FructosaSensorFailing severity=warning", "mail"),
        ("alertname=SomebodyElses severity=critical", "mail"),
    ],
)
def test_an_alert_goes_to_the_right_receiver(labels, receiver):
    """amtool reads the example unchanged."""
    amtool = program("amtool", "prometheus-alertmanager")
    route = [amtool, "config", "routes", "test", f"--config.file={EXAMPLE}", *labels.split()]

    output = subprocess.run(route, capture_output=True, text=True, timeout=60, check=True).stdout

    assert receiver == output.strip()


class Sink(ThreadingHTTPServer):
    """A webhook that records the messages of an Alertmanager with their receiver."""

    def __init__(self):
        self.received = []

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self):
                body = self.rfile.read(int(self.headers["Content-Length"]))
                self.server.received.append((self.path.strip("/"), json.loads(body)))
                self.send_response(200)
                self.end_headers()

            def log_message(self, *_):
                pass

        super().__init__(("127.0.0.1", 0), Handler)

    def messages(self):
        """Return the messages: receiver, alert name, number of instances, number truncated."""
        return sorted(
            (
                receiver,
                message["groupLabels"]["alertname"],
                len({alert["labels"]["instance"] for alert in message["alerts"]}),
                message["truncatedAlerts"],
            )
            for receiver, message in self.received
        )


@pytest.fixture
def sink():
    """A running webhook."""
    with Sink() as server:
        threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
        yield server
        server.shutdown()


@pytest.fixture
def alertmanager(sink, tmp_path):
    """A function that sends alerts to an Alertmanager with the example, changed to use the sink."""
    config = yaml.safe_load(EXAMPLE.read_text())
    config["route"]["routes"][0]["group_wait"] = "1s"
    for receiver in config["receivers"]:
        (hook,) = receiver.get("webhook_configs", [{}])
        receiver["webhook_configs"] = [
            hook | {"url": f"http://127.0.0.1:{sink.server_port}/{receiver['name']}"}
        ]
        receiver.pop("email_configs")
    path = tmp_path / "alertmanager.yml"
    path.write_text(yaml.safe_dump(config))
    place = f"127.0.0.1:{free_port()}"
    with Program(
        tmp_path / "alertmanager.log",
        program("prometheus-alertmanager", "prometheus-alertmanager"),
        f"--config.file={path}",
        f"--storage.path={tmp_path}/alertmanager",
        f"--web.listen-address={place}",
        "--cluster.listen-address=",
    ) as running:
        running.wait_for_output("Listening on")
        yield lambda alerts: requests.post(
            f"http://{place}/api/v2/alerts", json=alerts, timeout=10
        ).raise_for_status()


def alert(name, severity, instance):
    """Return an alert in the form that Prometheus sends."""
    labels = {"alertname": name, "severity": severity, "instance": instance, "cluster": "hpc"}
    return {"labels": labels}


def test_a_power_cut_gives_one_message_per_kind_of_alert(alertmanager, sink):
    """500 nodes and lmaster go down; their other alerts are inhibited."""
    down = [f"node{number:03}:9888" for number in range(500)]
    alerts = [alert("FructosaNodeDown", "warning", node) for node in down]
    alerts += [alert("FructosaFilesystemFull", "critical", node) for node in down]
    alerts += [alert("FructosaSensorFailing", "warning", node) for node in (*down, "up:9888")]
    alerts.append(alert("FructosaMasterDown", "critical", "head:9889"))
    alerts.append(alert("FructosaMasterQueueGrowing", "warning", "head:9889"))

    alertmanager(alerts)
    wait_until(lambda: len(sink.received) >= 3, sink.messages)
    # When this message has arrived, no others are pending.
    alertmanager([alert("FructosaNodeRebooted", "warning", "up:9888")])
    wait_until(lambda: "FructosaNodeRebooted" in str(sink.messages()), sink.messages)

    expected = [
        ("mail", "FructosaNodeDown", 500, 0),
        ("mail", "FructosaNodeRebooted", 1, 0),
        ("mail", "FructosaSensorFailing", 1, 0),
        ("on-call", "FructosaMasterDown", 1, 0),
    ]
    assert expected == sink.messages()
