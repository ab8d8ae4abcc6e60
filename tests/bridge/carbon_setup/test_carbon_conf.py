"""carbon.conf is found and parsed as carbon does it, and any other content is tolerated."""

import math
import os
import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fructosa_bridge.carbon_setup.capacity import CarbonLimits
from fructosa_bridge.carbon_setup.carbon_conf import CANNOT_READ, NOT_A_FILE, find, read
from fructosa_service.errors import FileError, visible_path


@pytest.fixture
def conf(tmp_path):
    """A function that parses a file with a text."""

    def write(text, **environment):
        path = tmp_path / "carbon.conf"
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        return read(path, environment)

    return write


def test_the_environment_has_priority_over_the_usual_paths(tmp_path):
    """As in carbon: GRAPHITE_CONF_DIR, then GRAPHITE_ROOT."""
    usual, root, own = (tmp_path / name for name in ("usual", "root", "own"))
    (root / "conf").mkdir(parents=True)
    files = (usual, root / "conf/carbon.conf", own / "carbon.conf")
    own.mkdir()
    environment = {"GRAPHITE_CONF_DIR": str(own), "GRAPHITE_ROOT": str(root)}

    found = [find(environment, [usual])]
    for file in files:
        file.touch()
        found.append(find(environment, [usual]))

    assert [None, *files] == found
    assert usual == find({}, [usual])


def test_the_defaults_are_those_of_carbon(conf):
    """500 updates per second, and no other limit."""
    (one,) = conf("[cache]\n").instances

    assert CarbonLimits(updates_per_s=500) == one.limits
    assert (None, {2003, 2004}) == (one.folder, one.ports)


def test_an_instance_overrides_the_common_section(conf):
    """What it does not set is that of [cache]."""
    first, second = conf(
        "[cache]\nMAX_CREATES_PER_MINUTE = 50\nLINE_RECEIVER_PORT = 2003\n"
        "[cache:a]\n"
        "[cache:b]\nMAX_CREATES_PER_MINUTE = inf\nmax_cache_size = 1e6\n"
        "LINE_RECEIVER_PORT = 2103\nPICKLE_RECEIVER_PORT = 2104\n"
    ).instances

    assert ["cache:a", "cache:b"] == [first.name, second.name]
    assert (50, math.inf) == (first.limits.creates_per_min, first.limits.cache_points)
    assert (math.inf, 1e6) == (second.limits.creates_per_min, second.limits.cache_points)


def test_the_common_section_is_an_instance_if_its_ports_are_unused(conf):
    """As in carbon's example: [cache] is instance a, [cache:b] the second."""
    found = conf("[cache]\n[cache:b]\nLINE_RECEIVER_PORT = 2103\nPICKLE_RECEIVER_PORT = 2104\n")
    relayed = conf(
        "[cache]\n[cache:b]\nLINE_RECEIVER_PORT = 2103\nPICKLE_RECEIVER_PORT = 2104\n[relay]\n"
    )

    assert ["cache", "cache:b"] == [one.name for one in found.instances]
    assert ["cache:b"] == [one.name for one in relayed.instances]


def test_a_port_belongs_to_one_instance_or_to_a_relay(conf):
    """Behind a relay are all instances."""
    found = conf("[cache]\n[cache:b]\nLINE_RECEIVER_PORT = 2103\nPICKLE_RECEIVER_PORT = 2104\n")

    assert ["cache:b"] == [one.name for one in found.instances_behind(2104)]
    assert ["cache", "cache:b"] == [one.name for one in found.instances_behind(2014)]


@pytest.mark.parametrize(
    ("text", "environment", "folder"),
    [
        ("LOCAL_DATA_DIR = /d/whisper/", {}, "/d/whisper"),
        ("STORAGE_DIR = /s\nLOCAL_DATA_DIR = %(STORAGE_DIR)s/w", {}, "/s/w"),
        ("STORAGE_DIR = /s", {}, "/s/whisper"),
        ("", {"GRAPHITE_ROOT": "/g"}, "/g/storage/whisper"),
        ("", {"GRAPHITE_STORAGE_DIR": "/v"}, "/v/whisper"),
        ("LOCAL_DATA_DIR = /100%%", {}, "/100%"),
        ("LOCAL_DATA_DIR = /50%/x", {}, "/50%/x"),
        ("LOCAL_DATA_DIR = %(NOWHERE)s/w", {}, None),
        ("LOCAL_DATA_DIR = %(LOCAL_DATA_DIR)s/w", {}, None),
        ("A = %(B)s%(B)s\nB = %(A)s%(A)s\nLOCAL_DATA_DIR = %(A)s", {}, None),
        ("LOCAL_DATA_DIR = /a\0b", {}, None),
        ("LOCAL_DATA_DIR = ", {}, None),
        (f"LOCAL_DATA_DIR = /{'x/' * 5000}", {}, None),
    ],
)
def test_the_folder_is_resolved_as_carbon_does(conf, text, environment, folder):
    """It is None if it can't be resolved."""
    (one,) = conf(f"[cache]\n{text}\n", **environment).instances

    assert (None if folder is None else Path(folder)) == one.folder


def test_an_instance_keeps_the_folder_of_the_common_section(conf):
    """carbon resolves it before it reads the instance's own settings."""
    (one,) = conf("[cache]\nSTORAGE_DIR = /s\n[cache:b]\nSTORAGE_DIR = /t\n").instances

    assert Path("/s/whisper") == one.folder


@pytest.mark.parametrize(
    ("text", "is_sparse"),
    [
        ("WHISPER_SPARSE_CREATE = True", True),
        ("WHISPER_SPARSE_CREATE = on\nWHISPER_FALLOCATE_CREATE = True", False),
        ("WHISPER_SPARSE_CREATE = maybe", False),
    ],
)
def test_files_are_sparse_unless_they_are_allocated(conf, text, is_sparse):
    """For Whisper, fallocate has priority."""
    (one,) = conf(f"[cache]\n{text}\n").instances

    assert is_sparse == one.limits.is_sparse


@pytest.mark.parametrize("value", ["", "fifty", "50 # a comment", "nan", "5%", "%(x", "0x10"])
def test_an_invalid_number_is_a_problem(conf, value):
    """It is reported once for each instance, and counts as unlimited."""
    found = conf(f"[cache]\nMAX_CREATES_PER_MINUTE = {value}\n[cache:a]\n[cache:b]\n")

    assert 2 == len(found.problems)
    assert f"[cache:a] MAX_CREATES_PER_MINUTE = {value!r} is not a number" in found.problems[0]
    assert math.inf == found.instances[0].limits.creates_per_min


@pytest.mark.parametrize(
    ("value", "number"), [("INF", math.inf), ("-1", -1), ("1_000", 1000), ("9" * 5000, math.inf)]
)
def test_a_number_is_what_carbon_accepts_as_one(conf, value, number):
    """However long it is."""
    assert number == conf(f"[cache]\nMAX_CACHE_SIZE={value}\n").instances[0].limits.cache_points


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("MAX_CACHE_SIZE = 1\n", "carbon.conf:1: has invalid syntax"),
        ("[cache]\njust words\n", "carbon.conf:2: has invalid syntax"),
        ("", "has no [cache] section"),
        ("[relay]\nDESTINATIONS = x\n", "has no [cache] section"),
        (b"\0" * 100, "has invalid syntax"),
        (b"[cache]\n" + b"# x\n" * 2**20, "is larger than 2 MiB"),
    ],
)
def test_a_file_that_is_not_a_carbon_conf_is_an_error(conf, text, message):
    """The message has the file, the line if known, and what to do."""
    with pytest.raises(FileError) as caught:
        conf(text)

    assert message in str(caught.value)
    assert str(caught.value).endswith("--carbon-conf FILE")


def test_the_last_value_of_a_repeated_key_counts(conf):
    """As in carbon on Python 2."""
    (one,) = conf(
        "[cache]\nMAX_CREATES_PER_MINUTE = 1\nmax_creates_per_minute = 2\n"
        "[cache]\nMAX_CREATES_PER_MINUTE = 3\n"
    ).instances

    assert 3 == one.limits.creates_per_min


def test_a_file_need_not_be_utf_8(conf):
    """Not even in the name of a folder."""
    (one,) = conf(b"# gr\xfc\xdfe\n[cache]\nLOCAL_DATA_DIR = /\xfc\n").instances

    assert b"/\xfc" == os.fsencode(one.folder)


@pytest.mark.parametrize(
    ("kind", "message", "reason"),
    [
        ("missing", CANNOT_READ, "No such file or directory"),
        ("folder", NOT_A_FILE, ""),
        ("fifo", NOT_A_FILE, ""),
        ("a\0b", CANNOT_READ, "embedded null byte"),
    ],
)
def test_a_path_that_can_not_be_read_is_an_error(tmp_path, kind, message, reason):
    """A FIFO is not opened, because that would block."""
    path = tmp_path / kind
    if kind == "folder":
        path.mkdir()
    if kind == "fifo":
        os.mkfifo(path)

    error = message.format(path=visible_path(path), reason=reason)
    with pytest.raises(FileError, match=f"^{re.escape(error)}$"):
        read(path, {})


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read anything")
def test_a_file_without_permission_is_an_error(tmp_path):
    """Also in a folder without permission."""
    folder = tmp_path / "closed"
    folder.mkdir()
    path = folder / "carbon.conf"
    path.touch(0)
    error = re.escape(CANNOT_READ.format(path=path, reason="Permission denied"))

    with pytest.raises(FileError, match=error):
        read(path, {})
    folder.chmod(0)
    assert path == find({"GRAPHITE_CONF_DIR": str(folder)}, [])
    with pytest.raises(FileError, match=error):
        read(path, {})
    folder.chmod(0o700)


@given(st.text("[]cache:ab=%()s\n MX_12.inf#;\"'", max_size=200))
def test_any_text_is_parsed_or_rejected(tmp_path_factory, text):
    """No exception other than FileError is raised."""
    path = tmp_path_factory.getbasetemp() / "any.conf"
    path.write_text("[cache]\n" + text)

    try:
        found = read(path, {})
    except FileError:
        return

    assert found.instances
