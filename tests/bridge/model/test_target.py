"""A target: its URL, its identity and its timeouts."""

import pytest

from fructosa_bridge.model.access import Access
from fructosa_bridge.model.target import Target


def new_target(**settings):
    """Return a target in the section all."""
    return Target(**{"group": "all", "host": "n1", "port": 9888, "graphite_path": "n1", **settings})


@pytest.mark.parametrize(
    ("settings", "url"),
    [
        ({}, "http://n1:9888/metrics"),
        ({"address": "10.0.0.1"}, "http://10.0.0.1:9888/metrics"),
        ({"host": "::1"}, "http://[::1]:9888/metrics"),
        ({"access": Access(tls=True), "path": "/a?b=c"}, "https://n1:9888/a?b=c"),
        ({"sensors": ("CPU", "a b&c")}, "http://n1:9888/metrics?collect[]=CPU&collect[]=a%20b%26c"),
        ({"sensors": ("A",), "path": "/a?b=c"}, "http://n1:9888/a?b=c&collect[]=A"),
    ],
)
def test_the_url_of_a_target_has_scheme_host_path_and_sensors(settings, url):
    """The sensors are a part of the query."""
    assert url == new_target(**settings).url


def test_the_identity_of_a_target_is_section_host_and_port():
    """A node may be scraped by several sections, and on several ports."""
    assert "all/n1:9888" == new_target().identity == new_target(address="10.0.0.1").identity


def test_connecting_may_take_half_of_the_timeout_by_default():
    """So a node that is down and a slow one have different errors."""
    default = new_target(timeout_s=5)
    explicit = new_target(timeout_s=5, connect_timeout_s=4)

    assert 2.5 == default.effective_connect_timeout_s
    assert 4 == explicit.effective_connect_timeout_s
