"""What tests of GPUs and their sensors share: a fake driver's library, loaded into this process."""

import ctypes
import os

import pytest

from tests.nvml.driver import eight_hoppers, library

from .gpus.node import Node


@pytest.fixture(scope="session")
def loaded(tmp_path_factory):
    """The library; pynvml gets it by its soname. And the file in which it counts calls."""
    calls = tmp_path_factory.mktemp("nvml") / "calls"
    os.environ["FAKE_NVML_CALLS"] = str(calls)
    try:
        return ctypes.CDLL(str(library())), calls
    finally:
        del os.environ["FAKE_NVML_CALLS"]


@pytest.fixture
def node(loaded, tmp_path, monkeypatch):
    """A node with eight GPUs."""
    node = Node(tmp_path, loaded[1])
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
