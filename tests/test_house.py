"""The rules of the house: who may import what, and that what is generated is fresh."""

import ast
import re
import subprocess
import sys
from pathlib import Path

import pytest

from fructosa_bridge.example import example_config as master_example
from fructosa_exporter.catalogue import example_config as agent_example
from fructosa_exporter.catalogue import metric_names, reference
from fructosa_exporter.collector import METRICS
from fructosa_exporter.sensors import SENSORS
from fructosa_grafana import files, rules

ROOT = Path(__file__).parents[1]

# Which packages of the house a package may import, besides itself.
MAY_IMPORT = {
    "fructosa_service": set(),
    "fructosa_exporter": {"fructosa_service"},
    "fructosa_grafana": {"fructosa_service"},
    "fructosa_bridge": {"fructosa_grafana", "fructosa_service"},
}
# What knows no clock, disk, network or log, and takes all it needs as arguments.
PURE = {
    "fructosa_service": {"errors", "ini", "manual", "settings", "suggest", "reference"},
    "fructosa_exporter": {
        "catalogue",
        "errors",
        "exposition",
        "landing",
        "metrics",
        "sensor",
        "textfile",
        "web.request",
    },
    "fructosa_grafana": {
        "address",
        "alert",
        "alerts",
        "asked",
        "boards",
        "fields",
        "files",
        "graphite",
        "model",
        "panels",
        "prometheus",
        "provisioning",
        "query",
        "recording",
        "refusals",
        "rules",
        "shown",
        "tables",
        "targets",
        "unchanged",
        "variables",
    },
    "fructosa_bridge": {
        "access",
        "agents",
        "agents_settings",
        "backoff",
        "body",
        "capacity",
        "choosing",
        "columns",
        "discovery",
        "encode",
        "example",
        "layout",
        "listing",
        "model",
        "naming",
        "nodes",
        "old_names",
        "openmetrics",
        "pace",
        "parse",
        "patterns",
        "picking",
        "places",
        "plots",
        "readable",
        "records",
        "retentions",
        "reply",
        "schedule",
        "schemas",
        "schemes",
        "sensor_metrics",
        "series_intervals",
        "shard",
        "ssh_failures",
        "sums",
        "tags",
        "targets",
        "translate",
    },
}
IMPURE = {
    "aiohttp",
    "asyncio",
    "http",
    "logging",
    "os",
    "psutil",
    "random",
    "requests",
    "shutil",
    "socket",
    "subprocess",
    "tempfile",
    "threading",
    "time",
    "urllib.request",
    "whisper",
}
COMMAND_LINE = re.compile(r"/(cli|__main__|commands/\w+)\.py$")
FILES = sorted(file for package in MAY_IMPORT for file in (ROOT / package).rglob("*.py"))


def imported(file):
    """Return the modules that a file imports, except those of its own package."""
    found = set()
    for node in ast.walk(ast.parse(file.read_text())):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.level == 0:
            found.add(node.module)
    return found


@pytest.mark.parametrize("file", FILES, ids=lambda file: str(file.relative_to(ROOT)))
def test_imports_point_downwards(file):
    """Exporter and bridge never meet; what is pure knows nothing of the world."""
    package, *module = file.relative_to(ROOT).with_suffix("").parts
    names = imported(file)

    tops = {name.partition(".")[0] for name in names}
    assert tops & MAY_IMPORT.keys() <= MAY_IMPORT[package] | {package}
    if {".".join(module), module[0]} & PURE[package]:
        assert set() == names & IMPURE


def test_what_is_called_pure_exists():
    """A renamed module keeps its rule."""
    for package, modules in PURE.items():
        for module in modules:
            path = ROOT / package / module.replace(".", "/")
            assert path.is_dir() or path.with_suffix(".py").exists(), module


def test_only_the_command_line_prints():
    """All else returns or logs."""
    printing = {
        str(file.relative_to(ROOT))
        for file in FILES
        if re.search(r"^\s*print\(|sys\.std(out|err)\.write", file.read_text(), re.MULTILINE)
    }

    assert [] == [name for name in printing if not COMMAND_LINE.search(name)]


def test_the_agent_imports_nothing_that_only_the_master_needs():
    """It stays small on a compute node."""
    code = "import sys, fructosa_exporter.cli; print(*sys.modules)"
    command = [sys.executable, "-c", code]
    loaded = set(subprocess.check_output(command, text=True).split())

    needless = {"aiohttp", "asyncio", "jinja2", "whisper", "ClusterShell", "requests", "ctypes"}
    needless |= {
        "ssl",
        "bcrypt",
        "email",
        "importlib.metadata",
        "http.server",
        "prometheus_client",
        "hashlib",
    }
    assert set() == needless & loaded


@pytest.mark.parametrize(
    ("name", "text"), [("lagent.conf", agent_example()), ("lmaster.conf", master_example())]
)
def test_the_examples_are_made_from_the_declarations(name, text):
    """`make examples` writes them anew."""
    assert text == (ROOT / "examples" / name).read_text()


def test_the_reference_of_sensors_is_made_from_the_declarations():
    """`make docs` writes it anew."""
    assert reference(SENSORS) == (ROOT / "docs" / "sensors.md").read_text()


def test_lmasters_table_of_metrics_is_made_from_the_declarations():
    """`make docs` writes it anew."""
    text = (ROOT / "fructosa_bridge" / "sensor_metrics.py").read_text()

    assert metric_names(SENSORS, METRICS) == text


@pytest.mark.parametrize(
    ("folder", "texts"),
    [("grafana/provisioning", files.provisioned()), ("grafana/prometheus", files.for_prometheus())],
    ids=["grafana", "prometheus"],
)
def test_dashboards_and_rules_are_made_from_the_declarations(folder, texts):
    """`make docs` writes them anew; and nothing else is there."""
    there = {
        str(file.relative_to(ROOT / folder)): file.read_text()
        for file in (ROOT / folder).rglob("*")
        if file.is_file()
    }

    assert texts == there


def test_the_page_on_alerting_is_made_from_the_declarations():
    """`make docs` writes it anew."""
    assert rules.alerting_page() == (ROOT / "docs" / "alerting.md").read_text()


def test_readme_names_every_sensor():
    """With what it measures, as the sensor says it."""
    readme = (ROOT / "README.md").read_text()

    for name, sensor in SENSORS.items():
        assert f"| {name} | {sensor.summary()} |" in readme
