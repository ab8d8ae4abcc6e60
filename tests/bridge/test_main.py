"""The entry point of lmaster."""

import subprocess
import sys

import pytest

from fructosa_service.errors import pip_install


@pytest.mark.parametrize(
    ("package", "words"),
    [
        ("ClusterShell", ["--help"]),
        ("aiohttp", ["scrape", "--node", "localhost"]),
        ("aiohttp", ["start", "--node", "localhost", "-p", "/no/folder/pid"]),
    ],
)
def test_a_missing_package_is_reported_with_what_to_install(package, words):
    """Where only what lagent needs is installed; some are imported when they are needed."""
    code = (
        f"import sys; sys.modules['{package}'] = None; "
        "from fructosa_bridge.__main__ import main; sys.exit(main())"
    )

    command = [sys.executable, "-c", code, *words]
    done = subprocess.run(command, check=False, capture_output=True, text=True)

    assert 1 == done.returncode
    assert f"lmaster: the Python package {package} is not installed; " in done.stderr
    assert pip_install("master") in done.stderr
    assert "Traceback" not in done.stderr
