"""AMD SMI, the library of ROCm for AMD's driver: found, loaded, opened, closed."""

import os
import sys
import time
from collections.abc import Callable
from contextlib import redirect_stdout
from io import StringIO
from types import ModuleType
from typing import TYPE_CHECKING, Any

from fructosa_exporter.errors import SensorUnavailable
from fructosa_exporter.gpus.driver import DriverError, GPULost
from fructosa_exporter.gpus.quantities import QuantityValues
from fructosa_exporter.kernel import Kernel

from .calls import ABSENT, NO_PERM, error_text, query, query_with_status, text

if TYPE_CHECKING:
    from .gpu import AmdGPU

_MODULE = "/sys/module/amdgpu"
_BOUND = "/sys/bus/pci/drivers/amdgpu"


def imported() -> ModuleType:
    """Return the module amdsmi; ROCm's own fits its library, and comes before another one.

    Raises: ImportError, and whatever the module stumbles over.
    """
    folder = f"{os.environ.get('ROCM_PATH', '/opt/rocm')}/share/amd_smi"
    sys.path.insert(0, folder)
    try:
        import amdsmi
    finally:
        sys.path.remove(folder)
    return amdsmi  # type: ignore[no-any-return]


class AMDSMI:
    """AMD SMI by way of amdsmi. Nothing of it is loaded where the kernel has no driver amdgpu."""

    name = "AMD's driver"

    def __init__(
        self,
        kernel: Kernel | None = None,
        load: Callable[[], ModuleType] = imported,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._kernel, self._load, self._clock = kernel or Kernel(), load, clock
        self._smi: Any = None
        self._is_open = False
        self._bound: set[str] = set()  # addresses of the GPUs that the driver had at first

    def open(self) -> "list[AmdGPU | str]":
        """Open AMD SMI; return its GPUs, or for one that doesn't answer its index.

        Raises: SensorUnavailable where there is no such driver, DriverError where it fails.
        """
        if not self._is_loaded():
            raise SensorUnavailable("AMD's driver is not loaded")
        self._smi = self._smi or self._loaded()
        try:
            self._smi.amdsmi_init()
        except self._smi.AmdSmiException as error:
            raise _refused(error) from None
        self._is_open = True
        self._bound = self._now_bound()
        return [self._gpu(str(index), handle) for index, handle in enumerate(self._handles())]

    def count(self) -> int:
        """Return how many GPUs there are now. Raises: DriverError."""
        if not self._is_loaded():
            raise DriverError("AMD's driver is no longer loaded")
        # The library's own list is that of when it was opened.
        return len(self._handles()) + len(self._now_bound()) - len(self._bound)

    def events(self, uuid: str) -> QuantityValues:
        """Return nothing: AMD's driver numbers no errors."""
        return {}

    def close(self) -> None:
        """Close AMD SMI, whatever state it is in."""
        if not self._is_open:
            return
        self._is_open = False
        try:
            self._smi.amdsmi_shut_down()
        except self._smi.AmdSmiException:  # it went before
            return

    def _is_loaded(self) -> bool:
        return bool(self._kernel.names(_MODULE))

    def _now_bound(self) -> set[str]:
        return {name for name in self._kernel.names(_BOUND) if ":" in name}

    def _handles(self) -> list[Any]:
        handles = query(self._smi, "amdsmi_get_processor_handles")
        if handles is None:
            raise DriverError("AMD SMI does not tell which GPUs there are")
        return list(handles)

    def _loaded(self) -> ModuleType:
        try:
            with redirect_stdout(StringIO()):  # it prints what is missing; stdout is a page's
                return self._load()
        except ModuleNotFoundError:
            raise SensorUnavailable(
                "AMD's driver is loaded, but there is no module amdsmi: install ROCm's amd-smi-lib "
                "and, where lagent can't import its module, pip install 'FrUCToSA[amd]'"
            ) from None
        except (KeyError, NameError, OSError):  # 7.0.2 prints, and then misses it in a dictionary
            raise SensorUnavailable(
                "AMD's driver is loaded and there is a module amdsmi, but not its library "
                "libamd_smi.so: install ROCm's amd-smi-lib"
            ) from None
        except Exception as error:  # noqa: BLE001 - a binding to a library of another version
            raise DriverError(
                f"the module amdsmi can't be imported: {error!r}; install the version of amdsmi "
                "that is the version of ROCm here"
            ) from None

    def _gpu(self, index: str, handle: Any) -> "AmdGPU | str":
        """Return a GPU, by its address where it has no UUID; the index of one that is lost."""
        from .gpu import AmdGPU

        try:
            address = text(query(self._smi, "amdsmi_get_gpu_device_bdf", handle))
            uuid, code = query_with_status(self._smi, "amdsmi_get_gpu_device_uuid", handle)
        except GPULost:
            return index
        uuid = text(uuid) or (address if code in ABSENT else "")
        if not uuid:
            return index
        is_watched = address in self._bound  # partitions and containers have other addresses
        return AmdGPU(
            self._smi,
            handle,
            (index, uuid, address),
            lambda: not is_watched or address in self._now_bound(),
            self._clock,
        )


def _refused(error: Any) -> DriverError:
    """Return what it means that AMD SMI can't be opened."""
    advice = ""
    if getattr(error, "err_code", None) == NO_PERM:
        advice = "; lagent's user must be in the groups render and video"
    return DriverError(f"AMD SMI can't be opened: {error_text(error)}{advice}")
