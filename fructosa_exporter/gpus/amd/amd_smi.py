"""AMD SMI, the library of ROCm for AMD's driver: find, load, open and close it."""

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
from fructosa_service.errors import pip_install

from .calls import ABSENT, NO_PERM, error_text, query, query_with_status, text

if TYPE_CHECKING:
    from .gpu import AmdGPU

NO_DRIVER = "AMD's driver is not loaded"
NO_MODULE = (
    "AMD's driver is loaded, but the module amdsmi is missing: install ROCm's amd-smi-lib and, if "
    f"lagent cannot import its module, run {pip_install('amd')}"
)
NO_LIBRARY = (
    "AMD's driver is loaded, but the library libamd_smi.so of the module amdsmi is missing: "
    "install ROCm's amd-smi-lib"
)

_MODULE = "/sys/module/amdgpu"
_BOUND = "/sys/bus/pci/drivers/amdgpu"


def import_amdsmi() -> ModuleType:
    """Import the module amdsmi; prefer that of ROCm, which matches its library.

    Raises: ImportError, and whatever the module raises.
    """
    folder = f"{os.environ.get('ROCM_PATH', '/opt/rocm')}/share/amd_smi"
    sys.path.insert(0, folder)
    try:
        import amdsmi
    finally:
        sys.path.remove(folder)
    return amdsmi  # type: ignore[no-any-return]


class AMDSMI:
    """AMD SMI, used through amdsmi, which is loaded only if the kernel has the driver amdgpu."""

    name = "AMD's driver"

    def __init__(
        self,
        kernel: Kernel | None = None,
        load: Callable[[], ModuleType] = import_amdsmi,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._kernel, self._load, self._clock = kernel or Kernel(), load, clock
        self._smi: Any = None
        self._is_open = False
        self._bound: set[str] = set()  # addresses of the GPUs of the driver when it was opened

    def open(self) -> "list[AmdGPU | str]":
        """Open AMD SMI; return its GPUs, or the index of a GPU that does not respond.

        Raises: SensorUnavailable if the driver is not loaded, DriverError if it fails.
        """
        if not self._is_loaded():
            raise SensorUnavailable(NO_DRIVER)
        self._smi = self._smi or self._load_module()
        try:
            self._smi.amdsmi_init()
        except self._smi.AmdSmiException as error:
            raise _open_error(error) from None
        self._is_open = True
        self._bound = self._current_bound()
        return [self._gpu(str(index), handle) for index, handle in enumerate(self._handles())]

    def count(self) -> int:
        """Return the current number of GPUs. Raises: DriverError."""
        if not self._is_loaded():
            raise DriverError("AMD's driver is no longer loaded")
        # The library's list does not change while it is open.
        return len(self._handles()) + len(self._current_bound()) - len(self._bound)

    def events(self, uuid: str) -> QuantityValues:
        """Return nothing: AMD's driver has no numbered errors."""
        return {}

    def close(self) -> None:
        """Close AMD SMI, whatever its state."""
        if not self._is_open:
            return
        self._is_open = False
        try:
            self._smi.amdsmi_shut_down()
        except self._smi.AmdSmiException:  # it is gone already
            return

    def _is_loaded(self) -> bool:
        return bool(self._kernel.names(_MODULE))

    def _current_bound(self) -> set[str]:
        return {name for name in self._kernel.names(_BOUND) if ":" in name}

    def _handles(self) -> list[Any]:
        handles = query(self._smi, "amdsmi_get_processor_handles")
        if handles is None:
            raise DriverError("AMD SMI does not return the list of GPUs")
        return list(handles)

    def _load_module(self) -> ModuleType:
        try:
            with redirect_stdout(StringIO()):  # it prints errors; stdout may be a page
                return self._load()
        except ModuleNotFoundError:
            raise SensorUnavailable(NO_MODULE) from None
        except (KeyError, NameError, OSError):  # 7.0.2 prints an error, then raises KeyError
            raise SensorUnavailable(NO_LIBRARY) from None
        except Exception as error:  # noqa: BLE001 - a binding to a library of another version
            raise DriverError(
                f"the module amdsmi cannot be imported: {error!r}; install the version of amdsmi "
                "that matches the installed version of ROCm"
            ) from None

    def _gpu(self, index: str, handle: Any) -> "AmdGPU | str":
        """Return a GPU, identified by its address if it has no UUID; its index if it is lost."""
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
            lambda: not is_watched or address in self._current_bound(),
            self._clock,
        )


def _open_error(error: Any) -> DriverError:
    """Return the exception to raise if AMD SMI can't be opened because of *error*."""
    advice = ""
    if getattr(error, "err_code", None) == NO_PERM:
        advice = "; add the user of lagent to the groups render and video"
    return DriverError(f"AMD SMI cannot be opened: {error_text(error)}{advice}")
