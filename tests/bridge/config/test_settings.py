"""lmaster.conf as a whole: without a file, with several destinations, and its example."""

from pathlib import Path

import pytest

from fructosa_bridge.config.settings import (
    OTHER_PATHS,
    MasterSettings,
    example_config,
    own_data_directory,
    read_config,
)
from fructosa_bridge.nodes.host_hints import ENDS_IN_PORT
from fructosa_service.errors import ConfigError


@pytest.fixture
def config(tmp_path):
    """A function that reads a file with a text."""

    def read(text, **how):
        path = tmp_path / "lmaster.conf"
        path.write_text(text)
        return read_config(path, **how)

    return read


def test_without_a_file_points_go_to_whisper_files_in_the_data_directory(tmp_path):
    """So a first try needs neither a configuration nor carbon."""
    found = read_config(None, tmp_path)

    assert tmp_path == found.master.data_directory
    assert [tmp_path / "whisper"] == [
        each.whisper_directory for each in found.destinations.values()
    ]
    assert {} == found.nodes


def test_the_data_directory_of_the_command_line_replaces_that_of_the_file(config, tmp_path):
    """The destination stays that of the file."""
    found = config("[lmaster]\ndata directory = /x\nport = 7\n", data=tmp_path)

    assert (tmp_path, 7) == (found.master.data_directory, found.master.port)
    assert "carbon at localhost:2004" == found.graphite.name


def test_an_address_that_ends_in_a_port_is_a_warning(config, tmp_path):
    """It may be meant."""
    found = config("[nodes:a]\nhosts = fd77::12, fd77::13:9888\n")

    problem = ENDS_IN_PORT.format(host="fd77::13:9888", address="fd77::13", port=9888)
    assert (f"{tmp_path}/lmaster.conf: [nodes:a] hosts: {problem}",) == found.warnings


def test_the_default_data_directory_depends_on_the_user():
    """Root has the system's; other users have one in their home or below XDG_DATA_HOME."""
    assert MasterSettings().data_directory == own_data_directory({}, 0)
    assert Path("/d/fructosa") == own_data_directory({"XDG_DATA_HOME": "/d"}, 1000)
    assert own_data_directory({}, 1000).parts[-3:] == (".local", "share", "fructosa")


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("", {"": "carbon at localhost:2004"}),
        ("[Graphite:c]\nhost = g\nprotocol = plaintext", {"c": "carbon at g:2003"}),
        ("[Graphite:a]\nwhisper directory = /w", {"a": "Whisper files in /w"}),
        (
            "[Graphite:b]\nhost = b\n[Graphite]\nhost = a",
            {"": "carbon at a:2004", "b": "carbon at b:2004"},
        ),
    ],
)
def test_each_graphite_section_is_a_destination(config, text, names):
    """Without any, it is the default; [Graphite] comes first."""
    found = config(text).destinations

    assert list(names.items()) == [(label, each.name) for label, each in found.items()]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (
            "[Graphite:a]\nprefix = a\n[Graphite:b]\nhost = g",
            "[Graphite:b] prefix: "
            + OTHER_PATHS.format(here="not set", first="Graphite:a", there="a"),
        ),
        (
            "[Graphite]\n[Graphite:b]\nhost = localhost\nsend = no",
            "[Graphite:b]: is carbon at localhost:2004, like [Graphite]",
        ),
        (
            "[Graphite:a]\nwhisper directory = /w\n[Graphite:b]\nwhisper directory = /w/",
            "[Graphite:b]: is Whisper files in /w, like [Graphite:a]",
        ),
    ],
)
def test_destinations_that_contradict_each_other_are_rejected(config, text, message):
    """The message names both sections, even if a section sends nothing."""
    with pytest.raises(ConfigError) as rejected:
        config(text)

    assert message in str(rejected.value)


def test_all_contradictions_are_reported_at_once(config):
    """One per line."""
    with pytest.raises(ConfigError) as rejected:
        config("[Graphite:a]\n[Graphite:b]\nprefix = x\n[Graphite:c]\nnaming = tagged\nhost = g")

    assert 3 == len(rejected.value.problems)


def test_the_example_is_a_valid_configuration(config):
    """It has all sections, and every value is the default."""
    found = config(example_config())

    assert ["compute"] == list(found.nodes)
    assert MasterSettings() == found.master
    assert read_config(None, Path("/d")).agents == found.agents


@pytest.mark.parametrize(
    ("keys", "warns"),
    [
        ("carbon receiver port = 2013", True),
        ("carbon receiver pickle port = 2014\nprotocol = plaintext", True),
        ("carbon receiver port = 2013\ncarbon receiver pickle port = 2014", False),
        ("carbon receiver port = 2013\nprotocol = plaintext", False),
    ],
)
def test_a_port_of_the_other_protocol_is_a_warning(tmp_path, keys, warns):
    """Points would go to another port than the one that was written."""
    path = tmp_path / "lmaster.conf"
    path.write_text(f"[Graphite]\n{keys}\n")

    warnings = read_config(path).warnings

    assert warns == any("has no effect with protocol" in warning for warning in warnings)


@pytest.mark.parametrize(
    ("keys", "used"),
    [
        ("carbon receiver pickle port = 2003", "carbon receiver pickle port"),
        ("carbon receiver port = 2004\nprotocol = plaintext", "carbon receiver port"),
        (
            "carbon receiver port = 9\ncarbon receiver pickle port = 9",
            "carbon receiver pickle port",
        ),
        ("carbon receiver pickle port = 2003\nwhisper directory = /w", None),
    ],
)
def test_one_port_for_both_protocols_is_a_warning(tmp_path, keys, used):
    """It names the key of the protocol that is used."""
    path = tmp_path / "lmaster.conf"
    path.write_text(f"[Graphite]\n{keys}\n")

    warnings = [one for one in read_config(path).warnings if "for each protocol" in one]

    assert [used] * bool(used) == [one.partition("] ")[2].partition(" and ")[0] for one in warnings]
