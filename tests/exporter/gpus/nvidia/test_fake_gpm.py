"""GPM of the fake driver, used through the real pynvml."""

import ctypes
import math
import threading
from concurrent.futures import ThreadPoolExecutor

import pynvml
import pytest

from tests.nvml.driver import Instance, eight_gpus, eight_hoppers

GIB = 2**30
INVALID, NOT_SUPPORTED, NOT_FOUND, LOST, WRONG_VERSION = 2, 3, 6, 15, 25
NO_SAMPLE = ctypes.cast(1, pynvml.c_nvmlGpmSample_t)  # an invalid pointer


class Hoppers:
    """Eight GPUs like H100, used through pynvml; samples are freed at the end."""

    def __init__(self, node):
        self.node = node
        node.gpus[:] = eight_hoppers()
        node.update_driver()
        pynvml.nvmlInit()
        self._samples = []

    def handle(self, gpu):
        """Return the handle of a GPU."""
        return pynvml.nvmlDeviceGetHandleByIndex(gpu)

    def is_supported(self, gpu):
        """Return whether a GPU reports support for GPM."""
        return pynvml.nvmlGpmQueryDeviceSupport(self.handle(gpu)).isSupportedDevice

    def empty(self):
        """Return a sample without content."""
        self._samples.append(pynvml.nvmlGpmSampleAlloc())
        return self._samples[-1]

    def sample(self, gpu, instance=None):
        """Return a sample of a GPU or an instance."""
        if instance is None:
            return pynvml.nvmlGpmSampleGet(self.handle(gpu), self.empty())
        return pynvml.nvmlGpmMigSampleGet(self.handle(gpu), instance, self.empty())

    def pair(self, gpu, instance=None):
        """Return two samples, the earlier one first."""
        return self.sample(gpu, instance), self.sample(gpu, instance)

    def free(self, sample):
        """Free a sample before the end."""
        self._samples.remove(sample)
        pynvml.nvmlGpmSampleFree(sample)

    def close(self):
        """Free all samples, and close the library as often as it was opened."""
        for sample in self._samples:
            pynvml.nvmlGpmSampleFree(sample)
        pynvml.nvmlShutdown()


@pytest.fixture
def hoppers(node):
    """Eight GPUs like H100."""
    hoppers = Hoppers(node)
    yield hoppers
    hoppers.close()


def metrics_of(pair, metrics, version=pynvml.NVML_GPM_METRICS_GET_VERSION):
    """Return value and error code of each metric between two samples."""
    get = pynvml.c_nvmlGpmMetricsGet_t(version=version, numMetrics=len(metrics))
    get.sample1, get.sample2 = pair
    for place, metric in enumerate(metrics):
        get.metrics[place].metricId = metric
    pynvml.nvmlGpmMetricsGet(get)
    return [(one.value, one.nvmlReturn) for one in get.metrics[: len(metrics)]]


def code(function, *arguments):
    """Return the error code of a function."""
    with pytest.raises(pynvml.NVMLError) as raised:
        function(*arguments)
    return raised.value.value


def pair_code(pair):
    """Return the error code of a query for two samples."""
    return code(metrics_of, pair, [1])


def test_two_samples_have_all_metrics_of_their_gpu(hoppers):
    """By id; each GPU has distinct numbers."""
    found = {}
    for gpu in range(8):
        metrics = hoppers.node.gpus[gpu].activity
        answers = metrics_of(hoppers.pair(gpu), list(metrics))
        found |= {(gpu, metric): one for metric, one in zip(metrics, answers, strict=True)}
        assert [(value, 0) for value in metrics.values()] == answers

    assert 8 * 14 == len(found) == len(set(found.values()))


@pytest.mark.parametrize("sentinel", [-1.0, 1e300, math.inf, -math.inf, math.nan])
def test_current_values_are_returned_whatever_they_are(hoppers, sentinel):
    """Including those that stand for a missing value."""
    pair = hoppers.pair(3)
    hoppers.node.gpus[3].activity[2] = sentinel
    hoppers.node.update_driver()

    [(found, its_code)] = metrics_of(pair, [2])

    assert repr(sentinel) == repr(found)
    assert 0 == its_code


def test_a_missing_metric_costs_only_its_value(hoppers):
    """It is None or unknown; the others are returned."""
    hoppers.node.gpus[3].activity[1] = None
    hoppers.node.update_driver()

    found = metrics_of(hoppers.pair(3), [1, 4, 2])

    assert [NOT_SUPPORTED, NOT_SUPPORTED, 0] == [its_code for _, its_code in found]


def test_entries_beyond_the_queried_ones_are_not_changed(hoppers):
    """The length of the array depends on the version of pynvml."""
    get = pynvml.c_nvmlGpmMetricsGet_t(version=1, numMetrics=1)
    get.sample1, get.sample2 = hoppers.pair(0)
    get.metrics[0].metricId = get.metrics[1].metricId = 1

    pynvml.nvmlGpmMetricsGet(get)

    assert [92.25, 0.0] == [metric.value for metric in get.metrics[:2]]


def test_a_gpu_without_activity_does_not_support_gpm(hoppers):
    """As those before Hopper; the others do."""
    hoppers.node.gpus[2] = eight_gpus()[2]
    hoppers.node.update_driver()

    assert [1, 1, 0, 1] == [hoppers.is_supported(gpu) for gpu in range(4)]
    assert NOT_SUPPORTED == code(hoppers.sample, 2)
    assert NOT_SUPPORTED == code(hoppers.sample, 2, 7)


def test_instances_have_activity_and_their_gpu_has_none(hoppers):
    """By the id of the GPU instance."""
    hoppers.node.gpus[1].is_divided(
        *(Instance(gi, 0, f"MIG-{gi}", "1g.10gb", 10 * GIB, GIB) for gi in (7, 9, 11))
    )
    hoppers.node.gpus[1].instance_activity = {7: {1: 70.5}, 9: {1: 90.5, 2: None}}
    hoppers.node.update_driver()

    assert hoppers.is_supported(1)
    assert [(70.5, 0)] == metrics_of(hoppers.pair(1, 7), [1])
    assert [(90.5, 0), (0, NOT_SUPPORTED)] == metrics_of(hoppers.pair(1, 9), [1, 2])
    assert NOT_SUPPORTED == code(hoppers.sample, 1)
    assert NOT_SUPPORTED == code(hoppers.sample, 1, 11)
    assert NOT_FOUND == code(hoppers.sample, 1, 8)
    assert INVALID == pair_code([hoppers.sample(1, 7), hoppers.sample(1, 9)])


def test_only_an_earlier_and_a_later_sample_of_the_same_gpu_are_a_pair(hoppers):
    """Neither a sample with itself, nor an empty, freed or invalid one, nor one of another GPU."""
    first, second = hoppers.pair(0)
    freed, _ = hoppers.pair(0)
    hoppers.free(freed)

    pairs = [(second, first), (first, first), (first, hoppers.empty()), (hoppers.empty(), second)]
    pairs += [(first, hoppers.sample(1)), (freed, second), (first, None), (None, second)]
    pairs += [(first, NO_SAMPLE), (NO_SAMPLE, second)]
    assert {INVALID} == {pair_code(pair) for pair in pairs}
    assert [(92.25, 0)] == metrics_of((first, second), [1])


def test_a_sample_that_is_filled_again_is_the_later_one(hoppers):
    """Two samples are enough to continue."""
    first, second = hoppers.pair(0)

    pynvml.nvmlGpmSampleGet(hoppers.handle(0), first)

    assert INVALID == pair_code((first, second))
    assert [(92.25, 0)] == metrics_of((second, first), [1])


def test_samples_of_a_closed_library_can_only_be_freed(hoppers):
    """They can neither be queried nor filled."""
    first, second = hoppers.pair(0)
    pynvml.nvmlShutdown()
    pynvml.nvmlInit()

    assert INVALID == pair_code((first, second))
    assert INVALID == code(pynvml.nvmlGpmSampleGet, hoppers.handle(0), first)
    hoppers.free(first)


def test_another_version_of_the_struct_is_rejected(hoppers):
    """Each function has its own version word."""
    support = pynvml.c_nvmlGpmSupport_t(version=2)
    query = pynvml.nvmlLib.nvmlGpmQueryDeviceSupport

    assert WRONG_VERSION == code(metrics_of, hoppers.pair(0), [1], 2)
    assert WRONG_VERSION == query(hoppers.handle(0), ctypes.byref(support))


def test_samples_of_a_lost_gpu_return_that_it_is_lost(hoppers):
    """Another GPU is not affected."""
    lost, other = hoppers.pair(5), hoppers.pair(4)
    handle = hoppers.handle(5)
    hoppers.node.gpus[5].loses_contact()
    hoppers.node.update_driver()

    assert LOST == code(pynvml.nvmlGpmSampleGet, handle, hoppers.empty())
    assert LOST == pair_code(lost) == pair_code((lost[0], other[1]))
    assert INVALID == pair_code((other[0], lost[1]))  # the rules of the GPU of the first one apply
    assert [(96.25, 0)] == metrics_of(other, [1])


def test_allocated_and_freed_samples_are_counted(hoppers):
    """Invalid and freed ones are recognized."""
    one = hoppers.empty()
    hoppers.free(one)
    functions = "nvmlGpmSampleAlloc", "nvmlGpmSampleFree"
    before = [hoppers.node.calls(function) for function in functions]
    hoppers.empty()

    assert INVALID == code(pynvml.nvmlGpmSampleFree, None)
    assert INVALID == code(pynvml.nvmlGpmSampleFree, NO_SAMPLE)
    after = [hoppers.node.calls(function) for function in functions]
    assert [1, 2] == [now - then for now, then in zip(after, before, strict=True)]


def test_a_sample_is_freed_once(hoppers):
    """Freeing it again has no effect."""
    one = hoppers.empty()
    hoppers.free(one)

    assert INVALID == code(pynvml.nvmlGpmSampleFree, one)


def test_metrics_hang_with_the_gpu_of_their_first_sample(hoppers):
    """According to its rules; those of other GPUs do not hang."""
    hung, other = hoppers.pair(3), hoppers.pair(2)
    hoppers.node.gpus[3].hangs.add("nvmlGpmMetricsGet")
    hoppers.node.update_driver()
    is_asking = threading.Event()

    def query():
        is_asking.set()
        return metrics_of(hung, [1])

    with ThreadPoolExecutor(1) as pool:
        try:
            answer = pool.submit(query)
            assert is_asking.wait(30)
            assert [(94.25, 0)] == metrics_of(other, [1])
            with pytest.raises(TimeoutError):
                answer.result(0.05)
        finally:
            hoppers.node.gpus[3].hangs.clear()
            hoppers.node.update_driver()

    assert [(95.25, 0)] == answer.result(30)


@pytest.mark.parametrize("function", ["nvmlGpmSampleAlloc", "nvmlGpmSampleGet"])
def test_functions_of_gpm_fail_by_name(hoppers, function):
    """With the error code that the driver has for it."""
    hoppers.node.update_driver(fails={function: 999})

    assert 999 == code(hoppers.sample, 0)


def test_hoppers_have_all_of_older_gpus_and_bytes_of_pcie(hoppers):
    """80 GiB of memory, 18 links."""
    memory = pynvml.nvmlDeviceGetMemoryInfo(hoppers.handle(6)).total
    links, *pcie = pynvml.nvmlDeviceGetFieldValues(hoppers.handle(6), [91, 197, 198])

    assert "NVIDIA H100 80GB HBM3" == pynvml.nvmlDeviceGetName(hoppers.handle(6))
    assert (80 * GIB, 18) == (memory, links.value.uiVal)
    assert [3_000_006_000_000, 6_000_006_000_000] == [one.value.ullVal for one in pcie]
