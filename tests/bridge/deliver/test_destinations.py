"""From [Graphite] sections to the places that points go to."""

import time

import pytest

from fructosa_bridge.config.settings import GraphiteSettings, MasterSettings
from fructosa_bridge.deliver.destinations import delivery
from fructosa_bridge.model.points import Batch
from fructosa_bridge.web.status import destination_status
from fructosa_service.errors import ServiceError


@pytest.mark.parametrize(
    "settings",
    [
        GraphiteSettings(host="g"),
        GraphiteSettings(host="g", protocol="plaintext"),
        GraphiteSettings(host="::1", pickle_port=1),
    ],
)
def test_a_place_is_called_as_its_section_says(settings):
    """By this name it is known on pages, in the queue, and to the next configuration."""
    found = delivery(settings, MasterSettings())

    assert settings.name == found.destination.name == found.spool.name


def test_the_folder_of_the_embedded_store_is_made(tmp_path):
    """With all that is above it."""
    settings = GraphiteSettings(whisper_directory=tmp_path / "a" / "b")

    found = delivery(settings, MasterSettings()).destination

    assert (tmp_path / "a" / "b").is_dir()
    assert settings.name == found.name


def test_a_folder_that_can_not_be_made_is_refused(tmp_path):
    """With the reason, and what to do."""
    (tmp_path / "file").touch()

    with pytest.raises(ServiceError, match=r"cannot write to .*/file/x: Not a directory; give a"):
        delivery(GraphiteSettings(whisper_directory=tmp_path / "file" / "x"), MasterSettings())


async def test_what_the_embedded_store_can_not_keep_is_told(tmp_path):
    """Each point that was sent is delivered or dropped, with the reason."""
    now_s = int(time.time())
    made = delivery(GraphiteSettings(whisper_directory=tmp_path), MasterSettings())
    for time_s in (now_s, now_s - 1000 * 86400, now_s + 86400, -5):
        batch = Batch(time_s, 10, [("n.load", 1.0), ("n.other", 2.0)])
        made.spool.extend([batch], [None])

    await made.step()

    told = destination_status(made)
    assert (2, 6, 0) == (told["delivered"], told["dropped"], told["queued"])
    assert {"expired": 4, "future": 2} == told["dropped_by_reason"]
