"""Fixtures of the tests of jobs."""

import pytest

from fructosa_bridge.jobs.ledger import JobLedger


@pytest.fixture
def ledger():
    """An empty ledger."""
    return JobLedger("c1")
