"""Free disk space, and the number of existing Whisper files."""

import os

from fructosa_bridge.carbon_setup.disk_space import disk_space
from fructosa_bridge.config.nodes_settings import NodesSettings
from fructosa_bridge.config.targets import section_targets


def targets(count, naming="plain"):
    """Return the targets of a section with so many nodes."""
    hosts = tuple(f"n{number}" for number in range(count))
    return section_targets({"all": NodesSettings(hosts=hosts)}, "c", naming=naming)


def put(folder, count):
    """Create so many Whisper files in a folder."""
    folder.mkdir(parents=True)
    for number in range(count):
        (folder / f"{number}.wsp").touch()


def test_the_files_of_many_nodes_are_estimated_from_some(tmp_path):
    """Each of 100 nodes has three files; other files do not count."""
    for number in range(100):
        put(tmp_path / f"c/n{number}", 3)
        (tmp_path / f"c/n{number}/note.txt").touch()

    assert 300 == disk_space(tmp_path, targets(100)).existing_files


def test_tagged_series_are_estimated_from_some_folders(tmp_path):
    """carbon distributes them over 4096 folders by a hash."""
    for name in ("000", "400", "800", "c00"):
        put(tmp_path / "_tagged" / name / "123", 3)

    assert 4096 * 3 == disk_space(tmp_path, targets(1, "tagged")).existing_files
    assert 0 == disk_space(tmp_path, targets(1)).existing_files


def test_a_missing_folder_has_the_space_of_its_parent(tmp_path):
    """It will be on the same file system."""
    stat = os.statvfs(tmp_path)

    disk = disk_space(tmp_path / "some/where", targets(1))

    assert 0 == disk.existing_files
    assert 0 < disk.free_bytes <= stat.f_blocks * stat.f_frsize
