"""The entry point of lmaster."""

import subprocess
import sys

from fructosa_service.errors import pip_install


def test_a_missing_package_is_reported_with_what_to_install():
    """Where only what lagent needs is installed."""
    code = (
        "import sys; sys.modules['aiohttp'] = None; "
        "from fructosa_bridge.__main__ import main; sys.exit(main())"
    )

    done = subprocess.run([sys.executable, "-c", code], check=False, capture_output=True, text=True)

    assert 1 == done.returncode
    assert "lmaster: the Python package aiohttp is not installed; " in done.stderr
    assert pip_install("master") in done.stderr
    assert "Traceback" not in done.stderr
