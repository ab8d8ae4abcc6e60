"""Warnings about carbon, about our own store, and about their disks."""

import pytest

from fructosa_bridge.carbon_setup.capacity import CREATION, WITH_CREATES
from fructosa_bridge.carbon_setup.capacity_check import (
    OTHER_PORT,
    UNKNOWN_CONF,
    Workload,
    is_local,
    summary,
    warnings,
)
from fructosa_bridge.carbon_setup.carbon_conf import CANNOT_READ
from fructosa_bridge.carbon_setup.old_paths import OLD_PATHS
from fructosa_bridge.cli import main
from fructosa_bridge.config.nodes_settings import NodesSettings
from fructosa_bridge.config.settings import GraphiteSettings
from fructosa_bridge.config.targets import section_targets
from fructosa_service.errors import FileError

LOCAL, REMOTE = GraphiteSettings(), GraphiteSettings(host="graphite.example")
TIGHT = "MAX_CREATES_PER_MINUTE = 10\nMAX_UPDATES_PER_SECOND = 30\nMAX_CACHE_SIZE = 100\n"


def targets(count):
    """Return the targets of a section with so many nodes."""
    hosts = tuple(f"n{number}" for number in range(count))
    return section_targets({"all": NodesSettings(hosts=hosts)}, "c")


def workload(count=1000, series=2):
    """Return the workload of so many nodes, without shards."""
    found = targets(count)
    return Workload(targets=found, targets_of_all_shards=found, series_per_page=series)


DEFAULT = workload()


@pytest.fixture
def warned(tmp_path):
    """A function that returns the warnings, with GRAPHITE_CONF_DIR in a folder of the test."""
    environment = {"GRAPHITE_CONF_DIR": str(tmp_path)}

    def run(*destinations, of=DEFAULT, conf_file=None):
        return list(warnings(destinations, of, conf_file, environment))

    return run


@pytest.mark.parametrize(
    ("settings", "protocol", "other", "key", "usual"),
    [
        ({"pickle_port": 2003}, "pickle", "plaintext", "carbon receiver pickle port", 2004),
        (
            {"protocol": "plaintext", "plaintext_port": 2004},
            "plaintext",
            "pickle",
            "carbon receiver port",
            2003,
        ),
    ],
)
def test_the_port_of_the_other_protocol_is_a_warning(warned, settings, protocol, other, key, usual):
    """carbon accepts the connection, discards the points, and lmaster cannot see that."""
    destination = GraphiteSettings(host="graphite.example", **settings)

    values = {"destination": destination.name, "protocol": protocol, "other": other}
    assert OTHER_PORT.format(**values, key=key, usual=usual) == warned(destination)[0]


@pytest.fixture
def carbon(tmp_path):
    """A function that writes a carbon.conf and returns the folder of its Whisper files."""

    def write(text="", name="carbon.conf"):
        folder = tmp_path / "whisper"
        (tmp_path / name).write_text(f"[cache]\nLOCAL_DATA_DIR = {folder}\n{text}")
        return folder

    return write


def put(folder, count):
    """Create so many Whisper files in a folder."""
    folder.mkdir(parents=True)
    for number in range(count):
        (folder / f"{number}.wsp").touch()


def test_check_prints_the_demand_and_succeeds(tmp_path, capsys):
    """A warning is not an error in the configuration."""
    path = tmp_path / "lmaster.conf"
    path.write_text("[nodes:all]\nhosts = n[1-100]\n[Graphite]\nhost = graphite.example\n")

    code = main(["check", "-c", str(path), "--series", "1000"])

    out, err = capsys.readouterr()
    assert 0 == code
    assert out.splitlines() == [
        f"{path}: ok, 100 targets",
        "points go to carbon at graphite.example:2004",
        "about 100,000 series, 36 GB of Whisper files, at 1,000 series per page; set this number "
        "with --series N (lmaster ping prints the samples of each node)",
    ]
    unknown = UNKNOWN_CONF.format(destination="carbon at graphite.example:2004")
    creation = CREATION.format(time="33 h", series=100_000)
    assert err.startswith(
        f"warning: {unknown}; {WITH_CREATES.format(rate=50)}, as in carbon's example, {creation}"
    )


def test_a_missing_file_on_the_command_line_is_an_error(tmp_path, capsys):
    """The exit code is that of a wrong command line."""
    path = tmp_path / "lmaster.conf"
    path.write_text("[nodes:all]\nhosts = n1\n")

    code = main(["check", "-c", str(path), "--carbon-conf", str(tmp_path / "none")])

    assert 2 == code
    error = CANNOT_READ.format(path=tmp_path / "none", reason="No such file or directory")
    assert f"lmaster: {error}" in capsys.readouterr().err


def test_without_a_destination_nothing_is_printed(warned):
    """Neither a summary nor a warning."""
    idle = GraphiteSettings(send=False)

    assert None is summary([idle], DEFAULT)
    assert [] == warned(idle)


def test_a_small_cluster_has_no_warning(warned):
    """Even if nothing is known about carbon."""
    assert [] == warned(REMOTE, of=workload(10))


def test_carbon_has_the_series_of_all_shards_and_a_folder_those_of_one(tmp_path):
    """The summary says so."""
    shared = Workload(targets=targets(1), targets_of_all_shards=targets(3), series_per_page=100)
    store = GraphiteSettings(whisper_directory=tmp_path)

    assert summary([store], shared).startswith("about 100 series")
    assert summary([store, REMOTE], shared).startswith("all shards together: about 300 series")


def test_each_low_limit_of_the_local_carbon_is_a_warning(warned, carbon, tmp_path):
    """With the file and the section."""
    carbon(TIGHT)
    where = f"{tmp_path}/carbon.conf: [cache]: "

    found = warned(LOCAL)

    starts = [
        f"{WITH_CREATES.format(rate=10)}, {CREATION.format(time='3.3 h', series=2000)}",
        "with MAX_UPDATES_PER_SECOND = 30 and 200 points per second",
        "MAX_CACHE_SIZE = 100 is too low: 13,333 points",
    ]
    assert all(text.startswith(where + start) for text, start in zip(found, starts, strict=True))


def test_a_remote_carbon_has_limits_only_if_its_file_is_given(warned, carbon, tmp_path):
    """The local file does not apply to it, and its disk is not visible."""
    folder = carbon(TIGHT, name="copy.conf")
    carbon()
    put(folder / "c/n0", 300)

    guessed = warned(LOCAL, REMOTE, of=workload(10, series=400))
    found = warned(REMOTE, conf_file=tmp_path / "copy.conf")

    assert [UNKNOWN_CONF.format(destination="carbon at graphite.example:2004")] == [
        text.partition(";")[0] for text in guessed
    ]
    assert 3 == len(found)
    assert CREATION.format(time="3.3 h", series=2000) in found[0]


def test_the_limits_of_instances_behind_a_relay_add_up(warned, carbon):
    """Those of the receiver of one instance are its own."""
    carbon(
        "LINE_RECEIVER_PORT = 1\nPICKLE_RECEIVER_PORT = 2\nMAX_CREATES_PER_MINUTE = 10\n"
        "[cache:b]\nLINE_RECEIVER_PORT = 3\nPICKLE_RECEIVER_PORT = 4\n"
    )

    (relayed,) = warned(LOCAL)
    (direct,) = warned(GraphiteSettings(pickle_port=4))

    assert f"[cache] + [cache:b]: {WITH_CREATES.format(rate=20)}" in relayed
    assert f"carbon.conf: [cache:b]: {WITH_CREATES.format(rate=10)}" in direct


def test_series_with_files_need_no_creates(warned, carbon):
    """Only the others are new."""
    folder = carbon("MAX_CREATES_PER_MINUTE = 10\n")
    for number in range(1000):
        put(folder / f"c/n{number}/some/label", 1)

    (half,) = warned(LOCAL, of=workload(series=2))
    all_exist = warned(LOCAL, of=workload(series=1))

    assert CREATION.format(time="99 min", series=1000) in half
    assert [] == all_exist


def test_too_little_space_for_our_own_store_is_a_warning(warned, tmp_path):
    """No disk holds 10**12 series."""
    store = GraphiteSettings(whisper_directory=tmp_path / "store")

    found = warned(store, of=workload(1000, 10**9))

    assert f"{tmp_path}/store: the files of 1,000,000,000,000 new series grow to 360 PB" in found[0]


def test_an_invalid_local_file_is_a_warning(warned, tmp_path):
    """The check continues. If the file was given on the command line, it is an error."""
    (tmp_path / "carbon.conf").write_text("no section")

    found = warned(LOCAL, of=workload(series=300))

    assert found[0].startswith(f"{tmp_path}/carbon.conf:1: has invalid syntax")
    assert "is not known" in found[1]
    with pytest.raises(FileError):
        warned(LOCAL, conf_file=tmp_path / "carbon.conf")


def test_a_folder_that_can_not_be_read_is_a_warning(warned, carbon):
    """The test uses a name that is too long, because root has permission everywhere."""
    folder = carbon()
    (folder.parent / "carbon.conf").write_text(f"[cache]\nLOCAL_DATA_DIR = /{'x' * 300}\n")

    (found,) = warned(LOCAL)

    assert "cannot read the disk space of /xxx" in found
    assert "File name too long; all series are counted as new" in found


@pytest.mark.parametrize(
    ("host", "expected"),
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
def test_a_carbon_is_local_by_its_name(host, expected):
    """Without a lookup."""
    assert expected == is_local(GraphiteSettings(host=host), "head.cluster")


@pytest.mark.parametrize("is_store", [True, False])
def test_files_with_old_paths_are_a_warning(warned, carbon, tmp_path, is_store):
    """In our own store, and in that of a carbon on this machine."""
    folder = carbon()
    file = folder / "c/n0/node_disk_reads_total/sda.wsp"
    file.parent.mkdir(parents=True)
    file.touch()

    found = warned(GraphiteSettings(whisper_directory=folder) if is_store else LOCAL)

    expected = OLD_PATHS.format(folder=folder, file="c/n0/node_disk_reads_total/sda.wsp")
    assert 1 == found.count(expected)
