"""What tests of sensors share: paths of another machine, and a fake driver in this process."""

import ctypes

import pytest

from fructosa_exporter.kernel import use_paths
from tests.nvml.driver import eight_hoppers, library

from .gpus.node import Node


@pytest.fixture(scope="session")
def loaded():
    """The library, which counts the calls of this process; pynvml gets it by its soname."""
    loaded = ctypes.CDLL(str(library()))
    loaded.fake_nvml_calls.restype = ctypes.c_uint64
    return loaded


@pytest.fixture
def paths():
    """Let sensors read a machine whose files are elsewhere; in the end, this one again."""
    yield use_paths
    use_paths()


@pytest.fixture
def node(loaded, tmp_path, monkeypatch):
    """A node with eight GPUs."""
    node = Node(tmp_path, loaded)
    for name, value in node.driver.environment.items():
        monkeypatch.setenv(name, value)
    yield node
    node.driver.hangs.clear()
    for gpu in node.gpus:
        gpu.hangs.clear()
    node.update_driver()
    node.close()


@pytest.fixture
def hoppers(node):
    """A node with eight GPUs like H100."""
    node.gpus[:] = eight_hoppers()
    node.update_driver()
    return node
