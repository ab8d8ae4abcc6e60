"""Fake Grafanas for the tests of a push."""

import pytest

from .fake_grafana import grafana


@pytest.fixture(params=[True, False], ids=["7.5", "current"])
def server(request):
    """Serve a Grafana of both kinds: 7.5, and a current one."""
    with grafana(is_old=request.param) as fake:
        yield fake


@pytest.fixture
def current():
    """Serve a current Grafana."""
    with grafana() as fake:
        yield fake
