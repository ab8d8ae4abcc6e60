"""The rules of the house: who may import what, and that what is generated is fresh."""

import ast
import re
import subprocess
import sys
from collections import Counter, defaultdict
from pathlib import Path

import pytest

from fructosa_bridge.config.settings import example_config as master_example
from fructosa_exporter.config import example_config as agent_example
from fructosa_exporter.page.sensor_state import STATE_METRICS
from fructosa_exporter.reference.generated import metric_table, sensors_page
from fructosa_exporter.sensors import SENSORS, Agent
from fructosa_grafana import files
from fructosa_grafana.alerts.docs_page import alerting_page

ROOT = Path(__file__).parents[1]

# Which packages of the house a package may import, besides itself.
MAY_IMPORT = {
    "fructosa_service": set(),
    "fructosa_exporter": {"fructosa_service"},
    "fructosa_grafana": {"fructosa_service"},
    "fructosa_bridge": {"fructosa_grafana", "fructosa_service"},
}
# The rooms of a package, the topmost first: a room imports only from itself and from rooms below.
# What lies in the package's own folder is above all rooms, but for the modules named here.
ROOMS = {
    "fructosa_bridge": (
        "commands",
        "client",
        "app",
        "agents",
        "carbon_setup",
        "job_server",
        "web",
        "serving",
        "slurm",
        "slurm_states",
        "scrape",
        "deliver",
        "whisper",
        "queue",
        "series",
        "translate",
        "job_archive",
        "job_gpus",
        "jobs",
        "slurm_output",
        "config",
        "nodes",
        "clocks",
        "naming",
        "model",
    ),
    "fructosa_exporter": (
        "web",
        "collect",
        "reference",
        "page",
        "sensors",
        "gpus",
        "slurm_totals",
        "slurm",
        "sources",
        # Modules of the package's own folder that rooms build upon, and plug-ins import.
        "thread_pool",
        "sensor",
        "metrics",
        "kernel",
        "errors",
    ),
    "fructosa_grafana": (
        "push",
        "dashboards",
        "node_rows",
        "gpu_rows",
        "slurm_rows",
        "alerts",
        "json_model",
        "panels",
        "queries",
    ),
    "fructosa_service": (
        "daemon",
        "web",
        # Modules of the package's own folder that rooms build upon; those above config need it.
        "cli",
        "logs",
        "config",
        "file_cache",
        "untrusted",
        "errors",
    ),
}
# At most so many modules in a room: beyond that nobody finds the way.
MOST_MODULES = 12
# Modules and rooms that know no clock, disk, network, process or log, through all that they
# import: they take what they need as arguments.
PURE = {
    "fructosa_service": {
        "errors",
        "humanize",
        "config.example",
        "config.ini",
        "config.kinds",
        "config.man_pages",
        "config.settings",
        "web.guess_queue",
    },
    "fructosa_exporter": {
        "errors",
        "gpus.quantities",
        "gpus.units",
        "metrics",
        "page",
        "reference",
        "sensor",
        "slurm.figures",
        "slurm_totals.gpu_totals",
        "slurm.layouts",
        "slurm.lives",
        "slurm_totals.node_series",
        "slurm.series",
        "slurm.tracked",
        "sources.devices",
        "sources.prom_files",
        "web.request",
        "web.scrape_request",
        "web.status_page",
    },
    "fructosa_grafana": {
        "alerts",
        "dashboards",
        "gpu_rows",
        "json_model",
        "node_rows",
        "panels",
        "push.api_errors",
        "push.base_url",
        "push.comparison",
        "queries",
        "slurm_rows",
    },
    "fructosa_bridge": {
        "agents.ssh",
        "carbon_setup.capacity",
        "carbon_setup.path_patterns",
        "carbon_setup.schemas",
        "client.job_records",
        "client.job_texts",
        "client.since",
        "client.slurm_notes",
        "client.target_list",
        "config.agents_settings",
        "job_archive.blobs",
        "job_archive.record",
        "job_archive.rows",
        "job_archive.views",
        "job_gpus",
        "jobs",
        "nodes.host_hints",
        "config.shard",
        "nodes.slurm_nodes",
        "deliver.encode",
        "model",
        "naming",
        "queue.old_records",
        "queue.pieces",
        "queue.records",
        "scrape.schedule",
        "series.known_series",
        "slurm.cluster",
        "slurm_states.conditions",
        "slurm_states.matching",
        "slurm.metrics",
        "slurm_states.node_list",
        "slurm_states.node_states",
        "slurm_states.unmatched",
        "slurm_output",
        "scrape.target_state",
        "serving.known_hosts",
        "translate",
        "web.discovery",
        "web.plots",
        "whisper.retentions",
    },
}
IMPURE = {
    "ClusterShell",
    "aiohttp",
    "asyncio",
    "concurrent",
    "ctypes",
    "http",
    "importlib",
    "logging",
    "os",
    "pathlib",
    "psutil",
    "pynvml",
    "queue",
    "random",
    "requests",
    "shutil",
    "signal",
    "socket",
    "sqlite3",
    "ssl",
    "subprocess",
    "tempfile",
    "threading",
    "time",
    "whisper",
}
# Modules that only declare panels, rows and alerts have their tests together, in one file a room.
DECLARATIONS_TESTED_IN = {
    "fructosa_grafana/alerts": "test_groups.py",
    "fructosa_grafana/dashboards": "test_dashboards.py",
    "fructosa_grafana/gpu_rows": "test_rows.py",
    "fructosa_grafana/node_rows": "test_rows.py",
    "fructosa_grafana/slurm_rows": "test_rows.py",
}
COMMAND_LINE = re.compile(r"/(cli|progress|__main__|commands/\w+)\.py$")
FILES = sorted(file for package in MAY_IMPORT for file in (ROOT / package).rglob("*.py"))


def module_name(file):
    """Return the dotted name of a file's module."""
    parts = file.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


MODULES = {module_name(file): file for file in FILES}


def imports(node, package):
    """Yield the names of the modules that code imports, but for those that only types need."""
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.If) and ast.unparse(child.test) == "TYPE_CHECKING":
            continue
        if isinstance(child, ast.Import):
            yield from (alias.name for alias in child.names)
        elif isinstance(child, ast.ImportFrom):
            parts = package.split(".")[: len(package.split(".")) - child.level + 1]
            above = ".".join(parts) if child.level else ""
            source = ".".join(filter(None, [above, child.module]))
            names = {f"{source}.{alias.name}" for alias in child.names}
            yield from (names & MODULES.keys() or {source})
        yield from imports(child, package)


def imported(name):
    """Return the modules that the module *name* imports."""
    file = MODULES[name]
    package = name if file.name == "__init__.py" else name.rpartition(".")[0]
    return set(imports(ast.parse(file.read_text()), package))


IMPORTED = {name: imported(name) for name in MODULES}


def reached(name):
    """Return all modules that importing *name* brings along, our own and others."""
    found, left = set(), [name]
    while left:
        for one in IMPORTED.get(left.pop(), ()):
            if one not in found:
                found.add(one)
                left.append(one)
    return found


def below(package, name):
    """Return the modules that a *name* stands for: a module, or those of a room."""
    whole = f"{package}.{name}"
    return [one for one in MODULES if one == whole or one.startswith(f"{whole}.")]


def test_each_module_has_a_test_file_of_its_name():
    """So its tests are found without searching: tests/bridge/<room>/test_<module>.py."""
    modules = [file.relative_to(ROOT) for file in FILES if file.name != "__init__.py"]

    assert [] == [str(one) for one in modules if not any(map(Path.exists, _test_files(one)))]


def _test_files(module):
    """Return where the tests of a module may be; those of __main__ are in test_main.py."""
    package, *rooms = module.parent.parts
    folder = ROOT / "tests" / Path(package.removeprefix("fructosa_"), *rooms)
    names = [f"test_{module.stem.strip('_')}.py", DECLARATIONS_TESTED_IN.get(str(module.parent))]
    return [folder / name for name in names if name]


def test_no_two_classes_share_a_name():
    """A name in a message, a log or a search means one thing in the whole project."""
    places = defaultdict(list)
    for file in [*FILES, *sorted((ROOT / "benchmarks").rglob("*.py"))]:
        for node in ast.walk(ast.parse(file.read_text())):
            if isinstance(node, ast.ClassDef):
                places[node.name].append(str(file.relative_to(ROOT)))

    assert {} == {name: files for name, files in places.items() if len(files) > 1}


def test_packages_never_import_upwards():
    """Exporter and bridge never meet: the exposition format is their contract."""
    wrong = {
        (name, other)
        for name, others in IMPORTED.items()
        for other in others
        if other.partition(".")[0] in MAY_IMPORT
        if other.partition(".")[0]
        not in MAY_IMPORT[name.partition(".")[0]] | {name.partition(".")[0]}
    }

    assert set() == wrong


def test_only_commands_know_the_dashboards():
    """Scraping does not depend on what Grafana shows."""
    users = {
        name.split(".")[1]
        for name, others in IMPORTED.items()
        if name.startswith("fructosa_bridge.")
        if any(other.startswith("fructosa_grafana") for other in others)
    }

    assert {"commands"} == users


@pytest.mark.parametrize("package", ROOMS)
def test_rooms_never_import_upwards(package):
    """So there is no cycle between rooms, and a page is followed downwards."""
    order = {room: depth for depth, room in enumerate(ROOMS[package])}

    def depth(name):
        return order.get(name.split(".")[1], -1)

    names = [name for name in MODULES if name.startswith(f"{package}.")]
    upwards = {
        (name, other)
        for name in names
        for other in IMPORTED[name] & set(names)
        if depth(other) < depth(name)
    }
    folders = {file.parent.name for file in (ROOT / package).glob("*/__init__.py")}
    modules = {file.stem for file in (ROOT / package).glob("*.py")}

    assert set() == upwards
    assert folders == order.keys() - modules


def test_messages_say_cannot():
    """Both programs speak alike, so a search for a message finds it."""
    found = {
        f"{file.relative_to(ROOT)}:{node.lineno}"
        for file in FILES
        for node in strings(ast.parse(file.read_text()))
        if re.search("[Cc]an't", node.value)
    }

    assert set() == found


def strings(tree):
    """Yield the string constants of a module that are not docstrings."""
    nodes = list(ast.walk(tree))
    documented = ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef
    bodies = [node.body for node in nodes if isinstance(node, documented) and node.body]
    docstrings = {body[0].value for body in bodies if isinstance(body[0], ast.Expr)}
    for node in nodes:
        is_text = isinstance(node, ast.Constant) and isinstance(node.value, str)
        if is_text and node not in docstrings:
            yield node


@pytest.mark.parametrize("package", ROOMS)
def test_no_room_is_crowded(package):
    """A stranger reads the list of a folder's modules at a glance."""
    found = Counter(
        str(file.parent.relative_to(ROOT))
        for file in (ROOT / package).rglob("*.py")
        if file.name != "__init__.py"
    )

    assert {} == {folder: count for folder, count in found.items() if count > MOST_MODULES}


@pytest.mark.parametrize(
    ("package", "name"), [(package, name) for package, names in PURE.items() for name in names]
)
def test_what_is_pure_reaches_nothing_of_the_world(package, name):
    """Neither by itself nor through what it imports."""
    modules = below(package, name)
    impure = {
        (one, other)
        for one in modules
        for other in reached(one)
        if other.partition(".")[0] in IMPURE
    }

    assert modules, f"{package}.{name} does not exist"
    assert set() == impure


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
    assert sensors_page(SENSORS) == (ROOT / "docs" / "sensors.md").read_text()


def test_lmasters_table_of_metrics_is_made_from_the_declarations():
    """`make docs` writes it anew."""
    text = (ROOT / "fructosa_bridge/naming/sensor_metrics.py").read_text()

    assert metric_table([Agent, *SENSORS.values()], STATE_METRICS) == text


@pytest.mark.parametrize(
    ("folder", "texts"),
    [
        ("grafana/provisioning", files.provisioning_files()),
        ("grafana/prometheus", files.rule_files()),
    ],
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
    assert alerting_page() == (ROOT / "docs" / "alerting.md").read_text()


def test_the_reference_begins_with_an_index_of_all_sensors():
    """Each with a link to its chapter, and its own summary of what it measures."""
    text = (ROOT / "docs" / "sensors.md").read_text()
    index = text.partition("\n## ")[0]

    for name, sensor in SENSORS.items():
        assert f"| [{name}](#{name.lower()}) | {sensor.summary()} |" in index
