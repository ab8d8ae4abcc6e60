"""Commands that root types, but that run as the user of the daemon."""

import os
import subprocess
import sys

import pytest

as_root = pytest.mark.skipif(os.geteuid() != 0, reason="needs root, to give it up")

# Gives up root for the user in a file, and prints who it is and what the file says.
CODE = """
import os, sys
from pathlib import Path
from fructosa_service.config.load import load
from fructosa_service.config.settings import SectionType
from fructosa_service.daemon import privileges
from fructosa_service.daemon.run_as import give_up_root
from fructosa_service.errors import ConfigError, UsageError

privileges._check_program = lambda account: None  # only root may read this Python
path = Path(sys.argv[1])
try:
    give_up_root("lagent", path)
    load(path, [SectionType(name="lagent", help="")])
except (UsageError, ConfigError) as error:
    print(error)
print(*os.getresuid(), *os.getresgid())
"""


def run(path):
    """Run the code with a configuration; return what it prints."""
    command = [sys.executable, "-c", CODE, path]
    return subprocess.check_output(command, text=True).splitlines()


@as_root
@pytest.mark.parametrize(
    ("text", "ids"),
    [
        ("[lagent]\nuser = nobody\n", "65534 65534 65534 65534 65534 65534"),
        ("[lagent]\nuser = nobody\ngroup = daemon\n", "65534 65534 65534 1 1 1"),
        ("[lagent]\nport = 1\n", "0 0 0 0 0 0"),
        ("[lmaster]\nuser = nobody\n", "0 0 0 0 0 0"),
    ],
)
def test_root_becomes_the_configured_user(tmp_path, text, ids):
    """For good. The file, which only root can read, stays known."""
    config = tmp_path / "lagent.conf"
    config.write_text(text)
    config.chmod(0o600)

    assert [ids] == [line for line in run(config) if "unknown section" not in line]


@as_root
def test_a_user_that_does_not_exist_is_reported(tmp_path):
    """As at the start."""
    config = tmp_path / "lagent.conf"
    config.write_text("[lagent]\nuser = nobdy\n")

    assert "user = nobdy: the user does not exist" in run(config)[0]


@as_root
def test_a_file_that_cannot_be_read_is_reported_by_who_reads_it(tmp_path):
    """Not twice."""
    assert "cannot be read" in run(tmp_path / "missing.conf")[0]
