"""The systemd units, checked by systemd's own tools."""

import re
import shutil
import subprocess

import pytest

from tests.services import missing

from .openrc import ROOT
from .processes import BIN

UNITS = ["lagent", "lmaster"]


@pytest.fixture(scope="module")
def analyze():
    """A function that runs systemd-analyze, and returns exit code and output."""
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
def test_systemd_accepts_the_units(analyze, tmp_path, name):
    """The programs of this checkout replace those in /usr/bin."""
    unit = tmp_path / f"{name}.service"
    unit.write_text(_unit(name).replace(f"/usr/bin/{name}", f"{BIN}/{name}"))

    verified = analyze("verify", "--man=no", "--recursive-errors=no", unit)

    assert verified == (0, "")


@pytest.mark.parametrize("name", UNITS)
def test_a_unit_states_its_exposure_level(analyze, name):
    """The score in its first line is that of `systemd-analyze security`, which is OK or better."""
    _, output = analyze(
        "security", "--offline=true", "--no-pager", ROOT / f"systemd/{name}.service"
    )

    measured = re.search(r"exposure level for \S+: ([\d.]+)", output)[1]
    stated = re.search(r"gives it ([\d.]+)", _unit(name))[1]

    assert stated == measured
    assert float(measured) < 3


@pytest.mark.parametrize(
    "key", ["ProtectSystem", "ProtectHome", "PrivateTmp", "DynamicUser", "PrivateNetwork"]
)
def test_the_unit_of_lagent_does_not_hide_the_node_from_sensors(key):
    """With these keys, sensors would see other filesystems, or no network."""
    assert f"\n{key}=" not in _unit("lagent")


@pytest.mark.parametrize("name", UNITS)
def test_systemd_waits_for_the_start_and_does_not_retry_a_wrong_configuration(name):
    """The program reports both itself: only its own exit code prevents a restart."""
    unit = _unit(name)

    assert "\nType=notify\n" in unit
    assert "\nRestartPreventExitStatus=2\n" in unit
    assert "ExecStartPre" not in unit
    assert (name == "lmaster") == ("\nExecReload=/bin/kill -HUP $MAINPID\n" in unit)
