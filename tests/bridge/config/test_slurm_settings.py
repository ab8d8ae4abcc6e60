"""The [slurm] section."""

from pathlib import Path

import pytest

from fructosa_bridge.config.settings import read_config
from fructosa_bridge.config.slurm_settings import DEADLINE_TOO_LONG, SlurmSettings
from fructosa_service.config.kinds import NOT_BETWEEN
from fructosa_service.errors import ConfigError


def settings(folder, text):
    """Return the settings of a file with this text."""
    path = folder / "lmaster.conf"
    path.write_text(text)
    return read_config(path).slurm


def test_slurm_is_read_only_with_the_section(tmp_path):
    """Also an empty one: every key has a default."""
    assert settings(tmp_path, "") is None
    assert SlurmSettings() == settings(tmp_path, "[slurm]\n")


def test_every_key_is_read_from_the_file(tmp_path):
    """With its unit."""
    text = (
        "[slurm]\ninterval = 300\ndeadline = 7.5\ncommands = /opt/slurm/bin\ncluster = hpc-2\n"
        "slurm conf = /opt/slurm/etc/slurm.conf\nlabels = users, qos\ngrace = 0\n"
    )

    assert settings(tmp_path, text) == SlurmSettings(
        interval_s=300,
        deadline_s=7.5,
        commands=Path("/opt/slurm/bin"),
        slurm_conf=Path("/opt/slurm/etc/slurm.conf"),
        cluster="hpc-2",
        labels=("users", "qos"),
        grace_s=0.0,
    )


def test_names_of_people_are_stored_only_on_request(tmp_path):
    """They are private."""
    assert settings(tmp_path, "[slurm]\n").labels == ()


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("interval = 29", NOT_BETWEEN.format(low=30, high=3600)),
        ("interval = 3601", NOT_BETWEEN.format(low=30, high=3600)),
        ("deadline = 0", NOT_BETWEEN.format(low=1, high=300)),
        ("deadline = 60.5", DEADLINE_TOO_LONG.format(deadline_s=60.5, interval_s=60)),
        ("cluster = -M all", "is not a valid cluster name; write letters, digits, _ and -"),
        ("cluster = a,b", "is not a valid cluster name; write letters, digits, _ and -"),
        ("labels = users, jobs", "jobs"),
        ("grace = -1", NOT_BETWEEN.format(low=0, high=86400)),
        ("port = 6817", "port"),
    ],
)
def test_an_invalid_value_is_rejected_when_the_file_is_read(tmp_path, line, message):
    """The message names the section and says what to write."""
    with pytest.raises(ConfigError) as rejected:
        settings(tmp_path, f"[slurm]\n{line}\n")

    assert "[slurm]" in str(rejected.value)
    assert message in str(rejected.value)
