"""The first steps of a daemon."""

import os
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

CODE = """
import logging, os, sys
from pathlib import Path
from fructosa_service.daemon import privileges
from fructosa_service.daemon.startup import initialize
from fructosa_service.logs import LoggingSettings

privileges._check_program = lambda account: None  # only root may read this Python
base = Path(sys.argv[1])
account = privileges.account("lagent", "nobody" if os.geteuid() == 0 else None, None)
initialize(LoggingSettings(filename=base / "log" / "x.log"), account, [base / "data"])
logging.getLogger("x").warning("hello")
(base / "data" / "file").touch()
"""


@pytest.mark.skipif(os.geteuid() != 0, reason="needs root, to drop its privileges")
def test_directories_and_log_belong_to_the_account():
    """It can write to them once root privileges are dropped."""
    with tempfile.TemporaryDirectory() as base:
        folder = Path(base)
        folder.chmod(0o755)

        subprocess.run([sys.executable, "-c", CODE, base], check=True)

        owners = {path.stat().st_uid for path in folder.rglob("*")}
        assert (folder / "log" / "x.log").read_text().endswith("WARNING x: hello\n")
        assert {65534} == owners
