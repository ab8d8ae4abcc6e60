"""The section [web] of lmaster."""

from fructosa_bridge.config.web_settings import MASTER_WEB, MasterWebSettings
from fructosa_service.config.load import check


def test_lmaster_may_have_further_names():
    """The rest is as for both daemons."""
    text = "[web]\nhosts = monitor.example.org, proxy\nmax requests = 3"

    settings = check(text, "f", [MASTER_WEB]).one("web", MasterWebSettings)

    assert (("monitor.example.org", "proxy"), 3) == (settings.hosts, settings.max_requests)
    assert () == MasterWebSettings().hosts
