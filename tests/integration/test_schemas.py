"""`lmaster schemas` with a real carbon: retentions and aggregation of its Whisper files."""

import os
import re
import socket
import subprocess
import time

import pytest
import requests
import whisper

from fructosa_bridge.naming.schemes import NODE_EXPECTED
from fructosa_bridge.naming.sensor_metrics import METRICS, OF_EACH
from fructosa_bridge.whisper.retentions import archives

from .graphite import VENV
from .processes import BIN, wait_until

_FAST, _SLOW = ("CPUPercent", "CPUTimes", "LoadAverage"), ("CPUCount", "BootTime", "CPUStats")
_CONFIG = """\
[nodes:fast]
hosts = localhost
port = {agent}
interval = 10
sensors = {fast}
[nodes:slow]
hosts = localhost
port = {agent}
interval = 300
sensors = {slow}
[Graphite]
send = yes
host = 127.0.0.1
carbon receiver pickle port = {carbon}
naming = {naming}
{prefix}
"""
# Series of other programs below the node; for lmaster they have the shortest interval.
_OTHERS = {
    "h_bucket.0#2e5": (10, "last"),
    "load": (10, "average"),
    "load.jobs_total": (10, "average"),
    "fructosa_cpu_threads_of_others": (10, "average"),
}


def lmaster(*words):
    """Run lmaster, which must succeed."""
    done = subprocess.run(
        [BIN / "lmaster", *map(str, words)],
        check=False,
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert 0 == done.returncode, done.stderr


@pytest.fixture
def scraped(agent, start_carbon, tmp_path):
    """A function that scrapes a real agent into a carbon with lmaster's rules."""

    def scrape(naming, prefix):
        def config(carbon):
            port = agent.address.rpartition(":")[2]
            values = {
                "naming": naming,
                "prefix": f"prefix = {prefix}" if prefix else "",
                "agent": port,
                "carbon": carbon,
            }
            path = tmp_path / "lmaster.conf"
            path.write_text(_CONFIG.format(fast=", ".join(_FAST), slow=", ".join(_SLOW), **values))
            return path

        lmaster("schemas", "-c", config(2004), "--output", tmp_path)
        carbon = start_carbon(rules=tmp_path)
        lmaster("scrape", "--once", "-c", config(carbon.pickle_port), "--data", tmp_path / "data")
        return carbon

    return scrape


def validate_rules(carbon):
    """Check the rules with carbon's own program."""
    subprocess.run(
        [VENV / "bin/validate-storage-schemas.py", carbon.folder / "conf/storage-schemas.conf"],
        check=True,
        capture_output=True,
        timeout=60,
        env={**os.environ, "GRAPHITE_ROOT": str(carbon.folder)},
    )


def files(carbon, last):
    """Wait for files that match the patterns *last*; return the properties of all Whisper files."""
    folder = carbon.folder / "storage/whisper"

    def is_complete():
        names = [str(file.relative_to(folder)) for file in folder.rglob("*.wsp")]
        return all(any(re.search(pattern, name) for name in names) for pattern in last)

    wait_until(is_complete, lambda: f"{last} in {folder}")
    carbon.end_carbon()
    found = {}
    for file in folder.rglob("*.wsp"):
        name = str(file.relative_to(folder).with_suffix(""))
        if not name.startswith("carbon/"):
            found[name] = properties(whisper.info(str(file)))
    return found


def properties(info):
    """Return retentions, aggregation method and xFilesFactor."""
    kept = [(archive["secondsPerPoint"], archive["points"]) for archive in info["archives"]]
    return kept, info["aggregationMethod"], info["xFilesFactor"]


def expected_properties(interval_s, method):
    """Return the expected properties of a file."""
    return archives(interval_s), method, 0.0


def kind(metric, rest):
    """Return interval and method of a series; *rest* is its path after the metric."""
    sensors = {name: sensor for sensor, names in METRICS.items() for name in names}
    if metric == "up" or metric.startswith("scrape_"):
        return 10 if rest == "fast" else 300, "min" if metric == "up" else "average"
    if metric == NODE_EXPECTED:  # each section writes it
        return 10, "last"
    sensor = rest if metric in OF_EACH else sensors.get(metric, metric)
    is_counter = metric.endswith("_total") or metric in ("CPUTimes", "CPUStats")
    return 10 if sensor in _FAST else 300, "last" if is_counter else "average"


@pytest.mark.parametrize(("naming", "prefix"), [("plain", ""), ("fructosa", "a.cluster")])
def test_carbon_creates_files_with_the_right_properties(scraped, naming, prefix):
    """carbon's own check passes; each series has the interval of its section, and its method."""
    below = f"{prefix}.localhost." if prefix else "localhost."

    carbon = scraped(naming, prefix)
    validate_rules(carbon)
    with socket.create_connection(("127.0.0.1", carbon.line_port)) as line:
        line.sendall("".join(f"{below}{it} 1 {int(time.time())}\n" for it in _OTHERS).encode())
    found = files(carbon, ["up/fast", "up/slow", *(it.replace(".", "/") for it in _OTHERS)])

    names = {name.removeprefix(below.replace(".", "/")): of for name, of in found.items()}
    others = {name.replace(".", "/"): expected_properties(*of) for name, of in _OTHERS.items()}
    assert others == {name: names.pop(name) for name in others}
    for name, of in names.items():
        metric, _, rest = name.partition("/")
        assert expected_properties(*kind(metric, rest)) == of, name
    every = {(step_s, how) for step_s in (10, 300) for how in ("average", "last", "min")}
    assert every == {(kept[0][0], how) for kept, how, _ in names.values()}
    assert ("BootTime" in names) == (naming == "fructosa")


def test_carbon_creates_files_with_the_right_properties_for_tagged_series(scraped):
    """Each series has the name of its section as a tag."""
    carbon = scraped("tagged", "c")
    validate_rules(carbon)
    found = files(carbon, ["up;group=fast", "up;group=slow"])

    for name, of in found.items():
        metric, *tags = name.rpartition("/")[2].split(";")
        interval_s = 10 if "group=fast" in tags else 300
        assert expected_properties(interval_s, kind(metric, "")[1]) == of, name
    assert {"last", "min", "average"} == {how for _, how, _ in found.values()}


def test_a_page_of_one_sensor_has_the_metrics_of_the_table(full_agent):
    """The rules rely on the table of a sensor's metrics, and of those about a sensor."""
    served = re.findall(
        r'sensor_success\{sensor="(\w+)"\}', requests.get(full_agent.url, timeout=10).text
    )

    for sensor in served:
        page = requests.get(full_agent.url, params={"collect[]": sensor}, timeout=10).text
        names = {re.split(r"[{ ]", line)[0] for line in page.splitlines() if line[0] != "#"}
        assert names <= {*METRICS[sensor], *OF_EACH}
        assert {sensor} == set(re.findall(r'fructosa_sensor_\w+\{sensor="(\w+)"', page))
    # Jobs have a page of their own.
    assert METRICS.keys() - {"SlurmJobs"} == set(served)
