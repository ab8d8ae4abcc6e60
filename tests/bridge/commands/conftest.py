"""What tests of several commands need."""

import pytest

TWO_SECTIONS = """\
[nodes:fast]
hosts = n[1-2]
[nodes:slow]
hosts = n1
interval = 60
[Graphite]
prefix = cluster
"""


@pytest.fixture
def config(tmp_path):
    """A configuration file with two sections of nodes."""
    path = tmp_path / "lmaster.conf"
    path.write_text(TWO_SECTIONS)
    return str(path)
