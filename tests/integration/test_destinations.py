"""Several destinations, with the configuration of docs/scale-out.md and other addresses."""

import time
from contextlib import ExitStack

import pytest
import requests

from fructosa_bridge.deliver.carbon import CONNECTED
from fructosa_bridge.whisper.store import WhisperStore

from .farm import Farm
from .processes import Master, wait_until
from .test_scale_out import adapted, block, paths, stored, wait_for_scrapes, wait_until_stored

NODES = 5


@pytest.fixture
def stack(carbons):
    """A stack that ends everything a test has started, in reverse order, before the carbons."""
    with ExitStack() as stack:
        yield stack


@pytest.fixture
def farm(stack):
    """Nodes whose pages count their requests."""
    return stack.enter_context(Farm(NODES))


@pytest.fixture
def carbons(start_carbon):
    """Two real carbons."""
    return [start_carbon(name) for name in ("here", "there")]


@pytest.fixture
def master(stack, tmp_path, farm, carbons):
    """An lmaster with the page's configuration: a carbon, another by plaintext, and a folder."""
    here, there = carbons
    text = adapted(
        block("Several destinations", "ini"),
        **{
            "hosts = node[001-128]": f"hosts = 127.3.0.[1-{NODES}]\nport = {farm.port}",
            "interval = 10": "interval = 1",
            "host = graphite.cluster": "host = 127.0.0.1\n"
            f"carbon receiver pickle port = {here.pickle_port}",
            "host = victoria.cluster": "host = 127.0.0.1",
            "port = 2003": f"port = {there.line_port}",
            "/var/lib/fructosa/whisper": str(tmp_path / "own"),
        },
    )
    file = tmp_path / "lmaster.conf"
    file.write_text(text)
    return stack.enter_context(Master(tmp_path, "-c", file))


def in_folder(folder, farm):
    """Return the points in the folder of the embedded store: ``{path: {time: value}}``."""
    store, now_s = WhisperStore(folder), int(time.time())
    return {path: dict(store.fetch(path, now_s - 600, now_s)) for path in paths(farm)}


def destinations(master):
    """Return the destinations in lmaster's JSON."""
    return requests.get(f"{master.url}api/targets", timeout=10).json()["destinations"]


def test_a_destination_that_was_down_gets_all_points_later(master, farm, carbons, tmp_path):
    """Meanwhile the other destinations get theirs; in the end all have everything."""
    here, there = carbons
    wait_for_scrapes(farm, 2)

    there.end_carbon()
    wait_for_scrapes(farm, 2)
    wait_until_stored(farm, lambda: stored(here))
    wait_until_stored(farm, lambda: in_folder(tmp_path / "own", farm))
    while_down = destinations(master)
    there.start_carbon()
    wait_until_stored(farm, lambda: stored(there))
    wait_until_stored(farm, lambda: stored(here))

    assert ["up", "down", "up"] == [one["state"] for one in while_down]
    assert while_down[1]["queued"] >= 2 * NODES * len(farm.paths)
    assert [0, 0, 0] == [one["dropped"] for one in destinations(master)]
    text = master.text()
    assert 1 == text.count(CONNECTED % f"carbon at 127.0.0.1:{here.pickle_port}")
    # It is logged once the connection has held, which is after its first points.
    again = CONNECTED % f"carbon at 127.0.0.1:{there.line_port}"
    wait_until(lambda: 2 == master.text().count(again), master.text)
    one, other = stored(here), stored(there)
    for path in paths(farm):
        both = one[path].keys() & other[path].keys()
        assert {t: one[path][t] for t in both} == {t: other[path][t] for t in both}
