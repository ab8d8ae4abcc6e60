"""Settings of all tests: unit tests run first, integration tests after them."""

from collections import Counter
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

# No deadline: the time of an example depends on the load of the machine, and the first example
# also builds the tables of hypothesis.
settings.register_profile("slow", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("slow")

INTEGRATION = Path(__file__).parent / "integration"
# They start real services. The limit of unit tests is in setup.cfg.
INTEGRATION_TIMEOUT_S = 600


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items):
    """Mark the tests of tests/integration and put them last; otherwise the order stays random."""
    for item in items:
        if item.path.is_relative_to(INTEGRATION):
            item.add_marker(pytest.mark.integration)
            if item.get_closest_marker("timeout") is None:
                item.add_marker(pytest.mark.timeout(INTEGRATION_TIMEOUT_S))
    items.sort(key=lambda item: item.path.is_relative_to(INTEGRATION))


def pytest_terminal_summary(terminalreporter):
    """List why tests were skipped: a line for each reason, not for each test."""
    skipped = terminalreporter.stats.get("skipped", ())
    reasons = Counter(report.longrepr[2].removeprefix("Skipped: ") for report in skipped)
    if reasons:
        terminalreporter.section("skipped tests, by reason")
    for reason, count in sorted(reasons.items()):
        terminalreporter.line(f"{count:4}  {reason}")
