"""What tests need besides Python's packages. Where it is missing, they are skipped and name it.

With FRUCTOSA_REQUIRE_SERVICES=1, as in CI, they fail instead.
"""

import ctypes.util
import os
import shutil

import pytest


def missing(what, package):
    """Skip the test, or fail it if services are required."""
    reason = f"{what} is not installed; run make test as root to install it ({package})"
    if os.environ.get("FRUCTOSA_REQUIRE_SERVICES") == "1":
        pytest.fail(reason)
    pytest.skip(reason)


def program(name, package):
    """Return the path of a program; skip the test if its Debian *package* is not installed."""
    return shutil.which(name) or missing(name, f"Debian's {package}")


def shared_library(name, package):
    """Skip the test if the Debian *package* of a shared library is not installed."""
    return ctypes.util.find_library(name) or missing(f"lib{name}", f"Debian's {package}")
