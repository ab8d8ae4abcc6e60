"""Whether system calls show the network of the machine that is read."""

import pytest

from fructosa_exporter.errors import SensorUnavailable
from fructosa_exporter.sources.namespaces import OTHER_NETWORK, check_network, is_same_network

DEV = "Inter-| Receive\n face |bytes\n  eth0: {bytes} 2\n    lo: 1 1\n"


def network(folder, received=7, address="10.0.0.1"):
    """Write the files of a network."""
    folder.mkdir(parents=True)
    (folder / "dev").write_text(DEV.format(bytes=received))
    (folder / "fib_trie").write_text(f"Main:\n  |-- {address}\n")


@pytest.fixture
def host(tmp_path, paths):
    """The host's /proc, as a container sees it."""
    network(tmp_path / "proc/1/net")
    (tmp_path / "proc/self").symlink_to("1")
    paths(procfs=str(tmp_path / "proc"))


def test_a_network_is_the_same_whatever_was_received_meanwhile(host, tmp_path):
    """Interfaces and addresses are."""
    network(tmp_path / "same", received=8)
    network(tmp_path / "other", address="172.17.0.2")

    assert is_same_network(tmp_path / "same")
    assert not is_same_network(tmp_path / "other")


def test_a_sensor_of_another_network_is_unavailable(host):
    """This process is not in the network of these files."""
    with pytest.raises(SensorUnavailable, match=OTHER_NETWORK):
        check_network()


def test_outside_of_containers_nothing_is_compared(tmp_path):
    """It is the machine itself."""
    check_network()
    assert is_same_network(tmp_path / "nothing")
