"""NVML, the library of NVIDIA's driver: find, load, open and close it."""

import os
import resource
import time
from collections.abc import Callable
from types import ModuleType
from typing import TYPE_CHECKING, Any

from fructosa_exporter.errors import SensorUnavailable
from fructosa_exporter.gpus.driver import DriverError
from fructosa_exporter.gpus.quantities import QuantityValues
from fructosa_exporter.kernel import Kernel

from .calls import LIBRARY_NOT_FOUND, MISMATCH, NOT_LOADED, query
from .xids import XidEvents

if TYPE_CHECKING:
    from .gpu import NvidiaGPU

DRIVER_NOT_LOADED = "NVIDIA's driver is installed, but not loaded"

LIBRARY = "libnvidia-ml.so.1"
_CACHE = "/etc/ld.so.cache"
_PCI = "/sys/bus/pci/devices"
_VENDOR, _DISPLAY = "0x10de", "0x03"
_MAX_OPEN_FILES = 65_536  # far more than the agent ever opens


def limit_open_files(files: int = _MAX_OPEN_FILES) -> None:
    """Lower the limits of open files to *files* if they are higher.

    When it connects to nvidia-persistenced, NVML allocates about 50 bytes for each file that may
    be open. Containers often allow a billion: NVIDIA/nvidia-container-toolkit, issue 1053.
    """
    soft, hard = (_lower(limit, files) for limit in resource.getrlimit(resource.RLIMIT_NOFILE))
    resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


def _lower(limit: int, files: int) -> int:
    return files if limit == resource.RLIM_INFINITY else min(limit, files)


class NVML:
    """NVML, used through pynvml, which is loaded only if the library exists."""

    name = "NVIDIA's driver"

    def __init__(
        self,
        kernel: Kernel | None = None,
        prepare: Callable[[], None] = limit_open_files,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._kernel, self._prepare, self._clock = kernel or Kernel(), prepare, clock
        self._nvml: ModuleType | None = None
        self._is_open = False
        self._events = XidEvents()
        self._gpus: list[NvidiaGPU] = []

    def open(self) -> "list[NvidiaGPU | str]":
        """Open NVML; return its GPUs, or the index of a GPU that does not respond.

        Raises: SensorUnavailable if the driver is not installed, DriverError if it fails.
        """
        nvml = self._nvml or self._load()
        self._nvml = nvml
        try:
            _init(nvml)
        except nvml.NVMLError as error:
            raise self._open_error(error) from None
        self._is_open = True
        count = self.count()
        self._events.open(nvml)
        gpus = [self._gpu(nvml, index) for index in range(count)]
        self._gpus = [gpu for gpu in gpus if not isinstance(gpu, str)]
        return gpus

    def count(self) -> int:
        """Return the current number of GPUs. Raises: DriverError."""
        count = query(self._nvml, "nvmlDeviceGetCount")
        if count is None:
            raise DriverError("NVML does not return the number of GPUs")
        return int(count)

    def events(self, uuid: str) -> QuantityValues:
        """Return the Xids of a GPU: their total, the count of each, and the last one."""
        return self._events.values(uuid)

    def close(self) -> None:
        """Close NVML, whatever its state."""
        if self._nvml is None or not self._is_open:
            return
        self._is_open = False
        for gpu in self._gpus:
            gpu.close()
        self._gpus = []
        self._events.close()
        try:
            self._nvml.nvmlShutdown()
        except self._nvml.NVMLError:  # it is gone already
            return

    def _load(self) -> ModuleType:
        if not _is_installed():
            raise SensorUnavailable(f"NVIDIA's driver is not installed: {LIBRARY} does not exist")
        try:
            import pynvml
        except ImportError:
            raise DriverError(
                "NVIDIA's driver is installed, but the module pynvml is missing: "
                "pip install nvidia-ml-py"
            ) from None
        self._prepare()
        return pynvml  # type: ignore[no-any-return]

    def _open_error(self, error: Any) -> SensorUnavailable | DriverError:
        """Return the exception to raise if NVML can't be opened because of *error*."""
        nvml, code = self._nvml, error.value
        if code == MISMATCH:
            _unload(nvml)
            return DriverError(
                "NVML and the loaded driver have different versions; after an upgrade of the "
                "driver, reload its kernel modules or reboot the node"
            )
        if code == LIBRARY_NOT_FOUND:
            return SensorUnavailable(
                f"NVIDIA's driver is not installed: {LIBRARY} cannot be loaded"
            )
        if code != NOT_LOADED:
            return DriverError(f"NVML cannot be opened: {error}")
        if count := self._gpus_on_the_bus():
            return DriverError(
                f"NVIDIA's driver is not loaded, but {count} of its GPUs are on the bus; load it"
            )
        return SensorUnavailable(DRIVER_NOT_LOADED)

    def _gpus_on_the_bus(self) -> int:
        def is_gpu(device: str) -> bool:
            vendor = self._kernel.word(f"{_PCI}/{device}/vendor")
            kind = self._kernel.word(f"{_PCI}/{device}/class") or ""
            return vendor == _VENDOR and kind.startswith(_DISPLAY)

        return sum(map(is_gpu, self._kernel.names(_PCI)))

    def _gpu(self, nvml: ModuleType, index: int) -> "NvidiaGPU | str":
        from .gpu import NvidiaGPU

        try:
            handle = nvml.nvmlDeviceGetHandleByIndex(index)
            uuid = nvml.nvmlDeviceGetUUID(handle)
        except nvml.NVMLError:
            return str(index)
        self._events.watch_again(handle, uuid)
        return NvidiaGPU(nvml, handle, (str(index), uuid), self._events, self._clock)


def _is_installed() -> bool:
    """Return whether the dynamic loader would find the library, without importing ctypes."""
    folders = os.environ.get("LD_LIBRARY_PATH", "").split(":")
    if any(folder and os.path.exists(f"{folder}/{LIBRARY}") for folder in folders):  # noqa: PTH110
        return True
    try:
        return LIBRARY.encode() in Kernel().content(_CACHE)
    except OSError:  # without a cache, only the loader knows
        return True


def _init(nvml: Any) -> None:
    """Open the library; if the driver was upgraded, load the one that is installed now.

    Raises: NVMLError.
    """
    was_loaded = nvml.nvmlLib is not None
    try:
        nvml.nvmlInit()
    except nvml.NVMLError as error:
        if error.value != MISMATCH or not was_loaded:
            raise
        _unload(nvml)
        nvml.nvmlInit()


def _unload(nvml: Any) -> None:
    """Unload the library, so that the next attempt loads the one that is installed now.

    pynvml has no function for that: it keeps the library that it once loaded.
    """
    import _ctypes

    library, nvml.nvmlLib = nvml.nvmlLib, None
    nvml._nvmlGetFunctionPointer_cache.clear()
    if library is not None:
        _ctypes.dlclose(library._handle)
