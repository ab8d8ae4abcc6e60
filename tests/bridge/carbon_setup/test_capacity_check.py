"""What is said of carbon, of our own store, and of the disk below them."""

import os

import pytest

from fructosa_bridge.carbon_setup.capacity_check import Workload, expected, is_here, warnings
from fructosa_bridge.carbon_setup.disk_space import disk_space
from fructosa_bridge.cli import main
from fructosa_bridge.config.nodes_settings import NodesSettings
from fructosa_bridge.config.settings import GraphiteSettings
from fructosa_bridge.config.targets import section_targets
from fructosa_service.errors import UsageError

HERE, THERE = GraphiteSettings(), GraphiteSettings(host="graphite.example")
TIGHT = "MAX_CREATES_PER_MINUTE = 10\nMAX_UPDATES_PER_SECOND = 30\nMAX_CACHE_SIZE = 100\n"


def targets(count, naming="plain"):
    """Return so many targets."""
    hosts = tuple(f"n{number}" for number in range(count))
    return section_targets({"all": NodesSettings(hosts=hosts)}, "c", naming=naming)


def asked(count=1000, series=2, naming="plain"):
    """Return what comes of so many nodes, without shards."""
    found = targets(count, naming)
    return Workload(own=found, all=found, series_of_page=series)


@pytest.fixture
def warned(tmp_path):
    """A function that returns what is warned of, with GRAPHITE_CONF_DIR in a folder of the test."""
    environment = {"GRAPHITE_CONF_DIR": str(tmp_path)}

    def run(*destinations, asked=None, named=None):
        return list(warnings(destinations, asked or ASKED, named, environment))

    return run


ASKED = asked()


@pytest.fixture
def carbon(tmp_path):
    """A function that writes carbon.conf; it returns the folder of the Whisper files."""

    def write(text="", name="carbon.conf"):
        folder = tmp_path / "whisper"
        (tmp_path / name).write_text(f"[cache]\nLOCAL_DATA_DIR = {folder}\n{text}")
        return folder

    return write


def put(folder, count):
    """Make so many Whisper files in a folder."""
    folder.mkdir(parents=True)
    for number in range(count):
        (folder / f"{number}.wsp").touch()


def test_check_tells_what_comes_and_ends_well(tmp_path, capsys):
    """A warning is no mistake in the configuration."""
    path = tmp_path / "lmaster.conf"
    path.write_text("[nodes:all]\nhosts = n[1-100]\n[Graphite]\nhost = graphite.example\n")

    code = main(["check", "-c", str(path), "--series", "1000"])

    out, err = capsys.readouterr()
    assert 0 == code
    assert out.splitlines() == [
        f"{path}: ok, 100 targets",
        "about 100,000 series, 36 GB in Whisper files at 1,000 series a page; lmaster ping tells "
        "the samples of each node, --series N takes another number",
    ]
    assert err.startswith(
        "warning: carbon at graphite.example:2004: its carbon.conf isn't known here; with "
        "MAX_CREATES_PER_MINUTE = 50, as in carbon's example, 100,000 new series have all their "
        "files after 33 h; until then"
    )


def test_the_carbon_conf_that_is_named_must_be_there(tmp_path, capsys):
    """Else the command line is wrong."""
    path = tmp_path / "lmaster.conf"
    path.write_text("[nodes:all]\nhosts = n1\n")

    code = main(["check", "-c", str(path), "--carbon-conf", str(tmp_path / "none")])

    assert 2 == code
    assert f"lmaster: can't read {tmp_path / 'none'}: No such file" in capsys.readouterr().err


def test_where_nothing_is_sent_nothing_is_told(warned):
    """Not even how much it would be."""
    idle = GraphiteSettings(send=False)

    assert None is expected([idle], ASKED)
    assert [] == warned(idle)


def test_of_few_series_nothing_is_warned(warned):
    """So it is on a small cluster."""
    assert [] == warned(THERE, asked=asked(10))


def test_carbon_gets_the_series_of_all_shards_and_a_folder_those_of_one(tmp_path):
    """The line says it."""
    shared = Workload(own=targets(1), all=targets(3), series_of_page=100)
    store = GraphiteSettings(whisper_directory=tmp_path)

    assert expected([store], shared).startswith("about 100 series")
    assert expected([store, THERE], shared).startswith("with all shards about 300 series")


def test_the_limits_of_this_machines_carbon_count(warned, carbon, tmp_path):
    """Each that bites is told, with the file and the section."""
    carbon(TIGHT)
    where = f"{tmp_path}/carbon.conf: [cache]: "

    found = warned(HERE)

    assert [
        f"{where}MAX_CREATES_PER_MINUTE = 10, so that 2,000 new series have all their files",
        f"{where}MAX_UPDATES_PER_SECOND = 30, and 200 points come a second",
        f"{where}MAX_CACHE_SIZE = 100, and 13,333 points come",
    ] == [
        text[: text.index(stop)] + stop
        for text, stop in zip(found, ["files", "a second", "come"], strict=True)
    ]


def test_another_machines_carbon_has_limits_only_where_its_file_is_named(warned, carbon, tmp_path):
    """The file of this machine says nothing of it, and its disk is not here."""
    folder = carbon(TIGHT, name="copy.conf")
    carbon()
    put(folder / "c/n0", 300)

    guessed = warned(HERE, THERE, asked=asked(10, series=400))
    found = warned(THERE, named=tmp_path / "copy.conf")

    assert ["carbon at graphite.example:2004: its carbon.conf isn't known here"] == [
        text.partition(";")[0] for text in guessed
    ]
    assert 3 == len(found)
    assert "10, so that 2,000 new series" in found[0]


def test_instances_behind_a_relay_add_up(warned, carbon):
    """The receiver of one is its own."""
    carbon(
        "LINE_RECEIVER_PORT = 1\nPICKLE_RECEIVER_PORT = 2\nMAX_CREATES_PER_MINUTE = 10\n"
        "[cache:b]\nLINE_RECEIVER_PORT = 3\nPICKLE_RECEIVER_PORT = 4\n"
    )

    (relayed,) = warned(HERE)
    (direct,) = warned(GraphiteSettings(pickle_port=4))

    assert "[cache] + [cache:b]: MAX_CREATES_PER_MINUTE = 20" in relayed
    assert "carbon.conf: [cache:b]: MAX_CREATES_PER_MINUTE = 10" in direct


def test_series_that_have_files_need_none(warned, carbon):
    """Those of some nodes are counted; so long as files lack, it is told how many."""
    folder = carbon("MAX_CREATES_PER_MINUTE = 10\n")
    for number in range(1000):
        put(folder / f"c/n{number}/some", 1)

    (half,) = warned(HERE, asked=asked(series=2))
    whole = warned(HERE, asked=asked(series=1))

    assert "so that 1,000 new series" in half
    assert [] == whole


def test_tagged_series_are_found_by_their_hash(tmp_path):
    """Carbon shares them among 4096 folders."""
    for name in ("000", "400", "800", "c00"):
        put(tmp_path / "_tagged" / name / "123", 3)

    assert 4096 * 3 == disk_space(tmp_path, targets(1, "tagged")).files_there
    assert 0 == disk_space(tmp_path, targets(1)).files_there


def test_a_folder_that_is_still_to_be_made_has_the_room_of_the_one_above(tmp_path):
    """Its file system is the one that counts."""
    found = os.statvfs(tmp_path)

    room = disk_space(tmp_path / "some/where", targets(1))

    assert 0 == room.files_there
    assert 0 < room.free_bytes <= found.f_blocks * found.f_frsize


def test_a_store_that_can_not_hold_it_is_told(warned, tmp_path):
    """Whatever this disk is: 10**12 series are more."""
    store = GraphiteSettings(whisper_directory=tmp_path / "store")

    found = warned(store, asked=asked(1000, 10**9))

    assert f"{tmp_path}/store: the files of 1,000,000,000,000 new series grow to 360 PB" in found[0]


def test_a_file_that_can_not_be_read_is_a_warning_where_it_was_not_named(warned, tmp_path):
    """The check goes on."""
    (tmp_path / "carbon.conf").write_text("no section")

    found = warned(HERE, asked=asked(series=300))

    assert f"{tmp_path}/carbon.conf:1: carbon can't read it" == found[0]
    assert "isn't known here" in found[1]
    with pytest.raises(UsageError):
        warned(HERE, named=tmp_path / "carbon.conf")


def test_a_folder_that_can_not_be_looked_into_is_told(warned, carbon):
    """A name too long stands for one without permission, which root has everywhere."""
    folder = carbon()
    (folder.parent / "carbon.conf").write_text(f"[cache]\nLOCAL_DATA_DIR = /{'x' * 300}\n")

    (found,) = warned(HERE)

    assert "can't see how much room /xxx" in found
    assert "File name too long; all series are taken as new; run lmaster check as a user" in found


@pytest.mark.parametrize(
    ("host", "here"),
    [
        ("localhost", True),
        ("127.0.0.2", True),
        ("::1", True),
        ("head", True),
        ("head.cluster", True),
        ("head2", False),
        ("10.0.0.1", False),
    ],
)
def test_a_carbon_is_here_by_its_name(host, here):
    """No name server is asked."""
    assert here == is_here(GraphiteSettings(host=host), "head.cluster")
