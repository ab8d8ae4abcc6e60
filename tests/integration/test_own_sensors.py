"""docs/own-sensors.md, carried out literally."""

import os
import re
import subprocess
from pathlib import Path

import pytest

from fructosa_exporter.kernel import Kernel

from .packaged import ROOT, Environment, wheel_with_c

TEXT = (ROOT / "docs" / "own-sensors.md").read_text()
# The package is built with the setuptools of the tests.
PIP = """\
#!/bin/sh
exec {python} -m pip "$@" --no-build-isolation
"""
# The format of OpenZFS 2.1: a header, the column names, and one line per number.
ARCSTATS = """\
13 1 0x01 123 33456 8093784829 1052133445229
name                            type data
hits                            4    5670
misses                          4    81
size                            4    4096000
"""


def block(language):
    """Return the only block of the page in a *language*."""
    (found,) = re.findall(rf"```{language}\n(.*?)```", TEXT, re.DOTALL)
    return found


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    """A folder with the package, and an environment with lagent."""
    folder = tmp_path_factory.mktemp("site")
    package = folder / "zfs-sensors"
    package.mkdir()
    (package / "pyproject.toml").write_text(block("toml"))
    (package / "zfs_sensors.py").write_text(block("python"))
    here = Environment(folder / "venv")
    here.borrow()
    here.install("--no-deps", wheel_with_c(tmp_path_factory.getbasetemp()))
    pip = here.bin / "pip"
    pip.write_text(PIP.format(python=here.python))
    pip.chmod(0o755)
    return folder


def shell(folder, command):
    """Run a command in the environment; return the completed process."""
    return subprocess.run(
        ["bash", "-c", command],
        cwd=folder,
        env=os.environ | {"PATH": f"{folder}/venv/bin:{os.environ['PATH']}", "PYTHONPATH": ""},
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )


def test_the_commands_install_and_show_the_sensor(site):
    """On a machine without ZFS they report that."""
    install, described, read = (shell(site, command) for command in block("sh").splitlines())

    assert 0 == install.returncode, install.stderr
    assert described.stdout.startswith("ZFSCache: Size, hits and misses of the cache of ZFS.\n")
    assert (
        "mysite_zfs_cache_hits_total\n      counter. Blocks found in the cache." in described.stdout
    )
    if Path("/proc/spl/kstat/zfs").exists():
        assert "\nmysite_zfs_cache_bytes " in read.stdout
    else:
        assert "cannot be read: ZFS is not loaded" in described.stdout
        assert (1, True) == (read.returncode, "ZFS is not loaded" in read.stderr)


def test_the_sensor_reads_the_cache_of_zfs(tmp_path):
    """It reads a file as ZFS writes it."""
    names = {}
    exec(compile(block("python"), "own-sensors.md", "exec"), names)  # noqa: S102 - our own text
    file = tmp_path / "proc/spl/kstat/zfs/arcstats"
    file.parent.mkdir(parents=True)
    file.write_text(ARCSTATS)

    samples = list(names["ZFSCache"](read=Kernel(tmp_path)).samples())

    expected = {
        "mysite_zfs_cache_hits_total": 5670,
        "mysite_zfs_cache_misses_total": 81,
        "mysite_zfs_cache_bytes": 4096000,
    }
    assert expected == {sample.metric.name: sample.value for sample in samples}
