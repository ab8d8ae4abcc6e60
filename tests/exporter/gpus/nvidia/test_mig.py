"""The instances of MIG."""

from fructosa_exporter.gpus.nvidia.mig import instances
from tests.nvml.driver import Instance, Process


class Refused(Exception):
    """An error of NVML."""

    def __init__(self, value):
        super().__init__(f"error {value}")
        self.value = value


class Library:
    """A fake NVML with one GPU; *answers* are results or error codes by function and handle."""

    NVMLError = NVMLLibraryMismatchError = Refused

    def __init__(self, answers):
        self._answers = answers

    def __getattr__(self, function):
        def answer(*arguments):
            found = self._answers.get((function, *arguments), 6)
            if isinstance(found, int) and function.endswith(("Index", "UUID", "Name", "Mode")):
                raise Refused(found)
            return found

        return answer


def answers(**changes):
    """Return the results for a GPU with one instance, at the second of two indices."""
    return {
        ("nvmlDeviceGetMigMode", "gpu"): [1, 1],
        ("nvmlDeviceGetMaxMigDeviceCount", "gpu"): 2,
        ("nvmlDeviceGetMigDeviceHandleByIndex", "gpu", 1): "mig",
        ("nvmlDeviceGetGpuInstanceId", "mig"): 9,
        ("nvmlDeviceGetComputeInstanceId", "mig"): 0,
        ("nvmlDeviceGetUUID", "mig"): "MIG-1",
        ("nvmlDeviceGetName", "mig"): "NVIDIA A100-SXM4-40GB MIG 1g.5gb",
    } | {(function, "mig"): answer for function, answer in changes.items()}


def found(answers):
    """Return the instances as plain values."""
    return [(*one.ids, one.uuid, one.profile) for one in instances(Library(answers), "gpu")]


def test_an_instance_has_ids_uuid_and_profile():
    """Indices without an instance are skipped."""
    assert [("9", "0", "MIG-1", "1g.5gb")] == found(answers())


def test_a_gpu_without_mig_has_no_instances():
    """MIG is disabled or not supported."""
    mode = "nvmlDeviceGetMigMode", "gpu"

    assert [] == found(answers() | {mode: [0, 1]})
    assert [] == found(answers() | {mode: 3})


def test_an_instance_that_is_destroyed_while_it_is_queried_is_skipped():
    """It has ids, but no UUID any more."""
    assert [] == found(answers(nvmlDeviceGetUUID=6))


def test_an_instance_without_a_name_has_no_profile():
    """It is still an instance."""
    assert [("9", "0", "MIG-1", "")] == found(answers(nvmlDeviceGetName=3))


GIB = 2**30


def test_instances_of_mig_have_memory_and_names(node):
    """A GPU with MIG has no utilization; the others do."""
    node.gpus[1].is_divided(
        Instance(7, 0, "MIG-a", "1g.5gb", 5 * GIB, GIB),
        Instance(9, 1, "MIG-b", "3g.20gb", 20 * GIB, 2 * GIB),
    )
    node.gpus[1].computing = [Process(1, GIB, 7, 0), Process(2, GIB, 9, 1), Process(3, GIB, 9, 1)]
    node.update_driver()

    values = node.values_of(1, "GPUMemory")
    assert 5 * GIB == values["mig_memory_total_bytes", "7", "0"]
    assert GIB == values["mig_memory_used_bytes", "7", "0"]
    assert 18 * GIB == values["mig_memory_free_bytes", "9", "1"]
    values = node.values_of(1, "GPUInfo")
    assert 1 == values["mig_enabled",]
    assert 1 == values["mig_info", "7", "0", "MIG-a", "1g.5gb"]
    assert 1 == values["mig_info", "9", "1", "MIG-b", "3g.20gb"]
    values = node.values_of(1, "GPUProcesses")
    assert 1 == values["mig_processes", "7", "0"]
    assert 2 == values["mig_processes", "9", "1"]
    assert {} == node.values_of(1, "GPUUtilization")
    assert {} != node.values_of(2, "GPUUtilization")


def test_instances_are_not_cached(node):
    """They are created and destroyed at any time."""
    node.gpus[1].is_divided(Instance(7, 0, "MIG-a", "1g.5gb", 5 * GIB, GIB))
    node.update_driver()
    node.values("GPUInfo")
    node.gpus[1].is_divided(Instance(8, 0, "MIG-b", "1g.5gb", 5 * GIB, GIB))
    node.update_driver()

    values = node.values_of(1, "GPUInfo")

    assert [("mig_info", "8", "0", "MIG-b", "1g.5gb")] == [
        key for key in values if "mig_info" in key
    ]
