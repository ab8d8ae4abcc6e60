"""The [agents] section."""

import shlex

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fructosa_bridge.config.agents_settings import (
    COMMAND,
    CONNECT_TIMEOUT_TOO_LONG,
    SSH_OPTIONS,
    AgentsSettings,
    command_for,
)
from fructosa_bridge.config.settings import read_config
from fructosa_service.config.kinds import NOT_BETWEEN
from fructosa_service.errors import ConfigError


def settings(folder, text):
    """Return the settings of a file with these lines in [agents]."""
    path = folder / "lmaster.conf"
    path.write_text(f"[agents]\n{text}\n")
    return read_config(path).agents


@pytest.mark.parametrize(
    ("command", "start", "status"),
    [
        ("systemd", "systemctl start lagent", "systemctl is-active lagent"),
        ("OpenRC", "rc-service lagent start", "rc-service lagent status"),
        ("lagent", "lagent start", "lagent status"),
        ("sudo sv {action} x${y}", "sudo sv start x${y}", "sudo sv status x${y}"),
    ],
)
def test_the_command_is_a_preset_or_a_command_line(command, start, status):
    """Braces of the shell are left alone."""
    parsed = COMMAND.parse(command)

    assert (start, status) == (command_for(parsed, "start"), command_for(parsed, "status"))


def test_the_section_is_read_from_the_file(tmp_path):
    """Every key, and the defaults."""
    text = "command = openrc\nssh user = admin\nssh options = -p 22\ntimeout = 9\n"
    one = settings(tmp_path, f"{text}connect timeout = 3\nfan out = 7")

    assert AgentsSettings() == settings(tmp_path, "")
    assert ("openrc", "admin", "-p 22") == (one.command, one.ssh_user, one.ssh_options)
    assert (9.0, 3, 7) == (one.timeout_s, one.connect_timeout_s, one.fan_out)


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("command = reboot", "write systemd, openrc, lagent, or a command line that contains"),
        ("ssh options = -i 'a", "has an unclosed quote"),
        ("ssh options = node1", "does not start with an option of ssh"),
        ("ssh user = -oProxyCommand=x", "is not a valid user name"),
        ("fan out = 0", NOT_BETWEEN.format(low=1, high=400)),
        (
            "timeout = 5",
            f"connect timeout: {CONNECT_TIMEOUT_TOO_LONG.format(connect_s=10, timeout_s=5)}",
        ),
    ],
)
def test_an_invalid_value_is_rejected_when_the_file_is_read(tmp_path, line, message):
    """The message says what to write."""
    with pytest.raises(ConfigError) as rejected:
        settings(tmp_path, line)

    assert message in str(rejected.value)


@given(st.text(max_size=50))
def test_any_ssh_options_are_rejected_or_begin_with_an_option(text):
    """So they never become the host or the command of ssh."""
    try:
        SSH_OPTIONS.parse(text)
    except ValueError:
        return

    assert shlex.split(text)[0].startswith("-")


def test_the_command_line_overrides_the_section():
    """The connect timeout never exceeds the timeout."""
    section = AgentsSettings(timeout_s=30.0, connect_timeout_s=10, fan_out=8)

    assert section == section.overridden(None, None)
    assert AgentsSettings(timeout_s=4.0, connect_timeout_s=4, fan_out=2) == section.overridden(4, 2)
