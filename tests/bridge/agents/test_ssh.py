"""The ssh command line, and advice for its errors."""

import shlex

import pytest

from fructosa_bridge.agents.ssh import SSHD_DOWN, UNREACHABLE, explain_error, ssh_command
from fructosa_bridge.config.agents_settings import AgentsSettings


def test_ssh_never_prompts_and_prefers_the_settings():
    """For ssh the first value of an option counts; a host is never taken for an option."""
    settings = AgentsSettings(
        ssh_user="admin", ssh_options="-p 2222 -i '/a b'", command="lagent", timeout_s=10
    )

    words = ssh_command(settings, "n1", "stop")

    assert ["ssh", "-n", "-T", "-oBatchMode=yes", "-p", "2222", "-i", "/a b"] == words[:8]
    assert not any("StrictHostKeyChecking" in word for word in words)
    assert ["-l", "admin", "--", "n1", "lagent stop"] == words[-5:]


def test_a_host_with_another_address_keeps_its_name_in_known_hosts():
    """As Slurm's NodeName and NodeAddr."""
    words = ssh_command(AgentsSettings(), "n1", "stop", "10.0.0.1")

    assert ["-oHostName=10.0.0.1", "-oHostKeyAlias=n1", "--", "n1"] == words[-5:-1]


def test_ssh_has_no_connect_timeout_if_it_equals_the_timeout():
    """Otherwise either of the two could expire first."""
    equal = AgentsSettings().overridden(5, None)

    assert "-oConnectTimeout=10" in ssh_command(AgentsSettings(), "n1", "stop")
    assert "ConnectTimeout" not in shlex.join(ssh_command(equal, "n1", "stop"))


@pytest.mark.parametrize(
    ("output", "error", "advice"),
    [
        ("ssh: Could not resolve hostname n1: Name or service not known", "Could not", "hosts"),
        (
            "ssh: connect to host n1 port 22: Connection refused",
            "Connection refused",
            SSHD_DOWN,
        ),
        ("ssh: connect to host n1 port 22: No route to host", "No route to host", UNREACHABLE),
        ("ssh: connect to host n1 port 22: Connection timed out", "Connection timed", UNREACHABLE),
        ("Host key verification failed.", "Host key verification failed", "once (ssh n1)"),
        (
            "@ WARNING: REMOTE HOST IDENTIFICATION HAS CHANGED! @\nHost key verification failed.",
            "HOST IDENTIFICATION HAS CHANGED",
            "ssh-keygen -R n1",
        ),
        ("root@n1: Permission denied (publickey).", "Permission denied", "authorized_keys"),
        ("kex_exchange_identification: read: reset", "kex_exchange", "MaxStartups"),
        ("Bad owner or permissions on config", "failed (exit code 255): Bad owner", ""),
    ],
)
def test_an_error_of_ssh_is_explained(output, error, advice):
    """In one line."""
    text = explain_error(output.split("\n"), "n1")

    assert text.startswith("ssh")
    assert error in text
    assert advice in text
    assert "\n" not in text
