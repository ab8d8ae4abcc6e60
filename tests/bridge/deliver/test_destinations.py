"""From [Graphite] sections to the places that points go to."""

import time

import pytest

from fructosa_bridge.config.settings import GraphiteSettings, MasterSettings, read_config
from fructosa_bridge.deliver.destinations import delivery
from fructosa_bridge.model.points import Batch
from fructosa_bridge.web.status import destination_row
from fructosa_service.errors import ConfigError, ServiceError


@pytest.fixture
def places(tmp_path):
    """A function that returns where points go by a configuration: labels and places."""

    def read(text):
        path = tmp_path / "lmaster.conf"
        path.write_text(text)
        return {label: one.place for label, one in read_config(path).destinations.items()}

    return read


@pytest.fixture
def refused(places, tmp_path):
    """A function that returns what is said of a configuration, without the name of the file."""

    def read(text):
        with pytest.raises(ConfigError) as error:
            places(text)
        lines = str(error.value).split("\n")
        start = f"{tmp_path}/lmaster.conf: "
        assert all(line.startswith(start) for line in lines)
        return [line.removeprefix(start) for line in lines]

    return read


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", {"": "carbon at localhost:2004"}),
        ("[Graphite]\nhost = g", {"": "carbon at g:2004"}),
        ("[Graphite:a]\nhost = g", {"a": "carbon at g:2004"}),
        (
            "[Graphite:b]\nhost = g\n[Graphite:a]\nhost = h\nprotocol = plaintext",
            {"b": "carbon at g:2004", "a": "carbon at h:2003"},
        ),
        (
            "[Graphite:a]\nhost = g\n[Graphite]\nwhisper directory = /w",
            {"": "Whisper files in /w", "a": "carbon at g:2004"},
        ),
    ],
)
def test_each_section_is_a_place(places, text, expected):
    """In their order, the one without a name first; without any it is carbon on this machine."""
    assert expected == places(text)
    assert list(expected) == list(places(text))


def test_all_destinations_get_the_same_paths(refused):
    """What differs is named with both sections, and what to do."""
    (message,) = refused("[Graphite]\nprefix = one\n[Graphite:b]\nhost = g\nprefix = two")

    assert message.startswith("[Graphite:b] prefix: is two, and in [Graphite] it is one;")
    assert message.endswith("write the same in both")


def test_a_place_stands_once(refused):
    """Also where it is spelt in other ways, or nothing is sent to it."""
    (carbon,) = refused("[Graphite:a]\n[Graphite:b]\nhost = localhost\nsend = no")
    (folder,) = refused(
        "[Graphite:a]\nwhisper directory = /w\n[Graphite:b]\nwhisper directory = /w/"
    )

    assert carbon.startswith("[Graphite:b]: means carbon at localhost:2004, as [Graphite:a] does;")
    assert folder.startswith("[Graphite:b]: means Whisper files in /w, as [Graphite:a] does;")


def test_all_mistakes_of_destinations_are_told_at_once(refused):
    """Each in a line."""
    assert 3 == len(
        refused("[Graphite:a]\n[Graphite:b]\nprefix = x\n[Graphite:c]\nnaming = tagged\nhost = g")
    )


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

    assert settings.place == found.destination.name == found.spool.name


def test_the_folder_of_the_embedded_store_is_made(tmp_path):
    """With all that is above it."""
    settings = GraphiteSettings(whisper_directory=tmp_path / "a" / "b")

    found = delivery(settings, MasterSettings()).destination

    assert (tmp_path / "a" / "b").is_dir()
    assert settings.place == found.name


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

    told = destination_row(made)
    assert (2, 6, 0) == (told["delivered"], told["dropped"], told["queued"])
    assert {"expired": 4, "future": 2} == told["dropped_by_reason"]
