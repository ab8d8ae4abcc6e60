"""The systemd units, as systemd's own tools read them."""

import re
import shutil
import subprocess

import pytest

from .conftest import missing
from .openrc import ROOT
from .processes import BIN

UNITS = ["lagent", "lmaster"]


@pytest.fixture(scope="module")
def analyze():
    """Return a function that runs systemd-analyze: exit code, and what it had to say."""
    path = shutil.which("systemd-analyze") or missing("systemd-analyze", "Debian's systemd")

    def run(*words):
        done = subprocess.run(
            [path, *map(str, words)], capture_output=True, text=True, check=False, timeout=60
        )
        return done.returncode, done.stdout + done.stderr

    return run


def _unit(name):
    return (ROOT / "systemd" / f"{name}.service").read_text()


@pytest.mark.parametrize("name", UNITS)
def test_systemd_finds_nothing_wrong_with_a_unit(analyze, tmp_path, name):
    """Keys, values and programs; those of this checkout stand for those of /usr/bin."""
    unit = tmp_path / f"{name}.service"
    unit.write_text(_unit(name).replace(f"/usr/bin/{name}", f"{BIN}/{name}"))

    verified = analyze("verify", "--man=no", "--recursive-errors=no", unit)

    assert verified == (0, "")


@pytest.mark.parametrize("name", UNITS)
def test_a_unit_is_as_closed_as_it_says(analyze, name):
    """The score in its first line is that of `systemd-analyze security`, and not more than OK."""
    _, said = analyze("security", "--offline=true", "--no-pager", ROOT / f"systemd/{name}.service")

    measured = re.search(r"exposure level for \S+: ([\d.]+)", said)[1]
    stated = re.search(r"gives it ([\d.]+)", _unit(name))[1]

    assert stated == measured
    assert float(measured) < 3


@pytest.mark.parametrize(
    "key", ["ProtectSystem", "ProtectHome", "PrivateTmp", "DynamicUser", "PrivateNetwork"]
)
def test_nothing_in_the_unit_of_lagent_hides_the_node_from_its_sensors(key):
    """With these it would see file systems as they are not, or no network."""
    assert f"\n{key}=" not in _unit("lagent")


@pytest.mark.parametrize("name", UNITS)
def test_a_start_is_waited_for_and_a_wrong_configuration_not_tried_again(name):
    """The program itself says both: only its own exit code keeps systemd from another try."""
    unit = _unit(name)

    assert "\nType=notify\n" in unit
    assert "\nRestartPreventExitStatus=2\n" in unit
    assert "ExecStartPre" not in unit
    assert (name == "lmaster") == ("\nExecReload=/bin/kill -HUP $MAINPID\n" in unit)
