"""The [jobs] section."""

from pathlib import Path

import pytest

from fructosa_bridge.config.jobs_settings import TIMEOUT_TOO_LONG, JobsSettings
from fructosa_bridge.config.settings import NEEDS_SLURM, read_config
from fructosa_service.config.kinds import NOT_BETWEEN
from fructosa_service.errors import ConfigError


def settings(folder, text):
    """Return the settings of a file with this text after [slurm]."""
    path = folder / "lmaster.conf"
    path.write_text(f"[slurm]\n{text}")
    return read_config(path).jobs


def test_jobs_are_read_only_with_the_section(tmp_path):
    """Also an empty one: every key has a default."""
    assert settings(tmp_path, "") is None
    assert JobsSettings() == settings(tmp_path, "[jobs]\n")


def test_every_key_is_read_from_the_file(tmp_path):
    """With its unit."""
    text = (
        "[jobs]\ninterval = 60\ntimeout = 10\ngpu order = minor\nkeep for = 30\n"
        "keep bytes = 2000000\nleast coverage = 0.5\nadmins = alice, bob\nadmin group = hpc\n"
        "socket = /tmp/lmaster.sock\n"
    )

    assert settings(tmp_path, text) == JobsSettings(
        interval_s=60,
        timeout_s=10,
        gpu_order="minor",
        keep_days=30,
        keep_bytes=2_000_000,
        least_coverage=0.5,
        admins=("alice", "bob"),
        admin_group="hpc",
        socket=Path("/tmp/lmaster.sock"),
    )


def test_jobs_need_slurm(tmp_path):
    """Only it knows whose they are."""
    path = tmp_path / "lmaster.conf"
    path.write_text("[jobs]\n")

    with pytest.raises(ConfigError) as raised:
        read_config(path)
    assert NEEDS_SLURM in str(raised.value)


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("timeout = 31", TIMEOUT_TOO_LONG.format(timeout_s=31, interval_s=30)),
        ("interval = 0", f"{NOT_BETWEEN.format(low=1, high=3600)} seconds"),
        ("least coverage = 2", NOT_BETWEEN.format(low=0, high=1)),
        ("least coverage = much", "is not a number; write e.g. 0.8"),
        ("gpu order = pci", "is not one of auto, nvml, minor"),
    ],
)
def test_an_invalid_value_is_rejected_when_the_file_is_read(tmp_path, line, message):
    """With what to write instead."""
    with pytest.raises(ConfigError) as raised:
        settings(tmp_path, f"[jobs]\n{line}\n")
    assert message in str(raised.value)
