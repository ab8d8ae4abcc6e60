"""Targets of tests."""

from fructosa_bridge.model.target import Target


def new_target(port=1, **settings):
    """Return a target on loopback."""
    settings = {"host": "127.0.0.1", "timeout_s": 20.0, "page_limit": 2**20, **settings}
    return Target(group="all", port=port, graphite_path="n", **settings)
