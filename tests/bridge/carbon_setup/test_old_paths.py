"""Files with paths of other exporters from before 1.0."""

import re

import pytest

from fructosa_bridge.carbon_setup.old_paths import OLD_PATHS, old_paths
from fructosa_bridge.config.nodes_settings import NodesSettings
from fructosa_bridge.config.targets import section_targets
from fructosa_bridge.naming.schemes import SCHEMES


def targets(naming="plain"):
    """Return the targets of two nodes."""
    return section_targets({"all": NodesSettings(hosts=("n1", "n2"))}, "c", naming=naming)


def with_file(folder, path):
    """Create the Whisper file of a path of a node."""
    file = folder / "c" / "n2" / f"{path.replace('.', '/')}.wsp"
    file.parent.mkdir(parents=True, exist_ok=True)
    file.touch()


@pytest.mark.parametrize("path", ["node_disk_reads_total.sda", "go_gc_seconds.0#2e5"])
def test_an_old_file_is_told_once(tmp_path, path):
    """With what to do."""
    with_file(tmp_path, path)
    with_file(tmp_path, "node_disk_writes_total.sda")

    (message,) = old_paths(tmp_path, targets())

    file = r"c/n2/[a-z_]+/.+\.wsp"
    start = re.escape(OLD_PATHS.format(folder=tmp_path, file="FILE")).replace("FILE", file)
    assert re.fullmatch(start, message)


@pytest.mark.parametrize("naming", ["plain", "fructosa"])
@pytest.mark.parametrize(
    ("metric", "labels"),
    [
        ("node_load1", ()),
        ("node_disk_reads_total", (("device", "sda"),)),
        ("node_cpu_seconds_total", (("cpu", "0"), ("mode", "idle"))),
        ("fructosa_disk_reads_total", (("device", "sda"),)),
        ("fructosa_disk_reads_total", (("disk", "sda"),)),
        ("fructosa_cpu_utilization_ratio", (("cpu", "0"),)),
        ("m", tuple((f"l{number}", "x" * 200) for number in range(20))),
    ],
)
def test_a_new_file_is_none(tmp_path, naming, metric, labels):
    """Whoever told of the series."""
    with_file(tmp_path, SCHEMES[naming].path(metric, labels).path)
    with_file(tmp_path, "up.all")

    assert [] == old_paths(tmp_path, targets(naming))


def test_what_is_not_there_has_no_old_files(tmp_path):
    """A new store is empty, and series with tags never had such paths."""
    assert [] == old_paths(tmp_path / "none", targets())
    with_file(tmp_path, "node_disk_reads_total.sda")
    assert [] == old_paths(tmp_path, targets("tagged"))
