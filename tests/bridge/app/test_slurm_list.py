"""Slurm's list for a command: the kept one, or that of one reading, with a real process."""

import pytest

from fructosa_bridge.app.slurm_list import NO_LIST, current_nodes
from fructosa_bridge.config.settings import read_config
from fructosa_bridge.nodes.slurm_nodes import NO_NODES
from fructosa_bridge.slurm_states.kept_nodes import KeptNodes
from fructosa_service.errors import ConfigError, ServiceError

from ..slurm_nodes import reading, record, write_scontrol


@pytest.fixture
def machine(tmp_path):
    """A machine with a scontrol and, if the test keeps one, a list."""
    return Machine(tmp_path)


class Machine:
    """Its folder has the configuration, the commands of Slurm, and the kept list."""

    def __init__(self, folder):
        self.folder = folder

    def config(self, hosts="@slurm"):
        """Return a configuration with these hosts."""
        path = self.folder / "lmaster.conf"
        path.write_text(
            f"[lmaster]\ndata directory = {self.folder}\n[nodes:a]\nhosts = {hosts}\n"
            f"[slurm]\ncommands = {self.folder}\n"
        )
        return read_config(path)

    def keep(self, *records):
        """Keep a list, as the running lmaster does."""
        KeptNodes(self.folder).update(reading(*records), 600)

    def hosts(self, hosts="@slurm", **options):
        """Return the hosts of the list for a command."""
        return list(current_nodes(self.config(hosts), "/x", **options).hosts)


def test_the_kept_list_is_used(machine):
    """Slurm is not read for it."""
    machine.keep(record("n1"), record("n2"))

    assert ["n1", "n2"] == machine.hosts()


def test_without_a_kept_list_slurm_is_read(machine):
    """Nothing is kept of it: that is the running lmaster's part."""
    write_scontrol(machine.folder, record("n1", address="10.0.0.1"))

    assert ["n1"] == machine.hosts()
    assert NO_NODES == KeptNodes(machine.folder).read()


def test_slurm_is_read_before_a_partition_is_called_unknown(machine):
    """It may be new."""
    machine.keep(record("n1", "old"))
    write_scontrol(machine.folder, record("n1", "old"), record("n2", "new"))

    assert ["n1", "n2"] == machine.hosts("@slurm:new")
    with pytest.raises(ConfigError, match="'nwe', which Slurm does not have; it has new, old"):
        machine.hosts("@slurm:nwe")


def test_a_fresh_list_has_also_what_left_it_within_the_grace(machine):
    """As in the running lmaster."""
    machine.keep(record("n1"), record("n2"))
    write_scontrol(machine.folder, record("n1"), record("n3"))

    assert ["n1", "n2"] == machine.hosts()
    assert ["n1", "n2", "n3"] == machine.hosts(is_fresh=True)


def test_while_slurm_is_away_the_kept_list_is_used(machine):
    """Also where a fresh one is asked for."""
    machine.keep(record("n1", "a"))
    write_scontrol(machine.folder, is_up=False)

    assert ["n1"] == machine.hosts(is_fresh=True)
    with pytest.raises(ConfigError, match="names the partition 'b'"):
        machine.hosts("@slurm:b")


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        ({"is_up": False}, "slurmctld does not respond"),
        ({}, "scontrol reports no nodes"),
        (None, "scontrol is not in"),
    ],
)
def test_without_any_list_the_message_says_what_to_do(machine, answer, reason):
    """Why Slurm cannot be read, and where it could be."""
    if answer is not None:
        write_scontrol(machine.folder, **answer)

    with pytest.raises(ServiceError) as caught:
        machine.hosts()

    text = NO_LIST.format(folder=machine.folder, reason=reason)
    assert str(caught.value).startswith(text.partition(reason)[0] + reason)
    assert str(caught.value).endswith(text.partition(reason)[2])


def test_slurm_is_not_read_for_other_hosts(machine):
    """Unless the command line needs its nodes."""
    write_scontrol(machine.folder, record("n1"))

    assert [] == machine.hosts("n7")
    assert ["n1"] == machine.hosts("n7", is_needed=True)
