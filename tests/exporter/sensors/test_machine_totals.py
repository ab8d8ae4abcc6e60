"""Running totals of the GPUs and the energy of a node."""

import psutil
import pytest

from fructosa_exporter.gpus.all_vendors import AllVendors
from fructosa_exporter.gpus.driver import DriverError
from fructosa_exporter.kernel import Kernel
from fructosa_exporter.sensors.machine_totals import MachineReader
from fructosa_exporter.slurm_totals.node_series import NOT_READ
from tests.exporter.gpus.amd.fake_amdsmi import AmdNode, Card
from tests.exporter.recorded import changed, kernel
from tests.nvml.driver import Process

ZONE = "/sys/class/powercap/intel-rapl:0"


def reader_of(node, kernel=None):
    """Return a reader of the GPUs of the fake driver; time is that of the node."""
    return MachineReader("SlurmJobs", node.machine, kernel or Kernel("/nowhere"), node.clock)


def test_gpus_have_their_index_device_file_and_address(node):
    """Minor numbers are not in the order of the index: Slurm may count by either."""
    reader = reader_of(node)

    reader.look()

    looks = [total.look for total in reader.totals.gpus]
    assert list("01234567") == [look.number for look in looks]
    assert [2, 7, 4, 1, 6, 3, 0, 5] == [look.minor for look in looks]
    assert "00000000:10:00.0" == looks[0].pci


def test_utilisation_is_added_up_over_time(node):
    """90 % for 30 s."""
    reader = reader_of(node)
    reader.look()
    node.advance(30)

    reader.look()

    total = reader.totals.gpus[0]
    assert (27.0, 7000.0) == (pytest.approx(total.busy_s), total.energy_joules)
    assert 2 * 2**30 == total.memory_max_bytes


def test_since_hopper_the_mean_since_the_last_look_counts(hoppers):
    """Not the utilisation at the moment of a look."""
    hoppers.gpus[0].activity[1] = 40.0
    hoppers.gpus[0].answers["nvmlDeviceGetUtilizationRates", 0] = 100
    hoppers.update_driver()
    reader = reader_of(hoppers)
    reader.look()
    hoppers.advance(30)

    reader.look()

    assert 12.0 == pytest.approx(reader.totals.gpus[0].busy_s)


def test_processes_are_returned_by_gpu(node):
    """A process that computes and draws is one."""
    node.gpus[1].computing, node.gpus[1].drawing = [Process(7, 1), Process(8, 1)], [Process(7, 1)]
    node.update_driver()

    pids = reader_of(node).look()

    assert {7, 8} == pids[node.gpus[1].uuid]


def test_a_gpu_with_mig_is_divided_and_has_no_busy_seconds(node):
    """Which of its parts was busy is not known."""
    node.gpus[0].is_divided()
    node.update_driver()
    reader = reader_of(node)

    reader.look()

    assert (True, None) == (reader.totals.gpus[0].look.is_divided, reader.totals.gpus[0].busy_s)


def test_gpus_of_amd_have_totals_too(tmp_path):
    """They have no minor number."""
    gpus = AllVendors(AmdNode(tmp_path, Card()).driver)
    reader = MachineReader("SlurmJobs", gpus, Kernel("/nowhere"))

    reader.look()

    total = reader.totals.gpus[0]
    assert (0.87, None, 0.0) == (total.look.busy, total.look.minor, total.busy_s)
    assert 4096 * 2**20 == total.memory_max_bytes


def test_a_driver_that_fails_hides_no_energy(tmp_path):
    """And without energy there are GPUs."""

    class Failing:
        def query_each(self, _name, _query):
            raise DriverError("the driver is gone")

    kernel = changed("energy", tmp_path, {})
    reader = MachineReader("SlurmJobs", Failing(), kernel)
    assert {} == reader.look()

    (tmp_path / ZONE.lstrip("/") / "energy_uj").write_text(f"{240422366267 + 5_000_000}\n")
    reader.look()

    assert ([], 5.0) == (reader.totals.gpus, reader.totals.energy_joules)


def test_a_node_without_both_has_no_totals():
    """Absent is not zero."""
    reader = MachineReader("SlurmJobs", AllVendors(), Kernel("/nowhere"))

    reader.look()

    assert NOT_READ._replace(gpus=[]) == reader.totals


def test_lost_links_and_the_fullest_file_system_are_read_once_a_minute(node, tmp_path):
    """Of adapters, and of what can be written; the mount points are those of this machine."""
    for name, losses in (("eth0", 3), ("veth1", 9)):
        interface = tmp_path / "sys/class/net" / name
        interface.mkdir(parents=True)
        (interface / "carrier_down_count").write_text(f"{losses}\n")
    (tmp_path / "sys/class/net/eth0/device").mkdir()
    (tmp_path / "sys/class/net/eth0/device/vendor").touch()
    port = tmp_path / "sys/class/infiniband/mlx5_0/ports/1/counters"
    port.mkdir(parents=True)
    (port / "link_downed").write_text("2\n")
    (tmp_path / "proc/self").mkdir(parents=True)
    (tmp_path / "proc/self/mounts").write_text(
        "/dev/sda1 / ext4 rw 0 0\n/dev/sdb1 /proc xfs ro 0 0\n"
    )
    reader = reader_of(node, Kernel(tmp_path))

    reader.look()
    first = reader.totals
    (port / "link_downed").write_text("4\n")
    reader.look()
    node.advance(60)
    second = reader.totals
    reader.look()

    used = psutil.disk_usage("/").percent / 100
    assert (("eth0", 3), ("mlx5_0/1", 2)) == first.link_downs == second.link_downs
    assert ("/", pytest.approx(used, abs=0.01)) == first.fullest
    assert (("eth0", 3), ("mlx5_0/1", 4)) == reader.totals.link_downs


def test_faults_of_gpus_are_counted(node):
    """Xids from the first look on, ECC errors and throttling since the driver was loaded."""
    reader = reader_of(node)
    reader.look()
    node.gpus[2].xids = [79, 48]
    node.update_driver()

    reader.look()

    look = reader.totals.gpus[2].look
    assert {"ecc_corrected": 2, "ecc_uncorrected": 102, "xid": 2} == dict(look.faults)
    assert 2.002 == pytest.approx(dict(look.throttled_s)["thermal"])
    assert ("xid", 0) in reader.totals.gpus[1].look.faults


def test_errors_of_memory_are_counted():
    """Over all controllers."""
    reader = MachineReader("SlurmJobs", AllVendors(), kernel("edac"))

    reader.look()

    assert {"corrected", "uncorrected"} == dict(reader.totals.memory_errors).keys()
