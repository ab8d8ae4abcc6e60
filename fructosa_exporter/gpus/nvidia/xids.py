"""Xids: errors that NVIDIA's driver reports as events, counted since the agent started."""

from collections import Counter
from contextlib import suppress
from types import ModuleType
from typing import Any

from fructosa_exporter.gpus.quantities import QuantityValues

from .calls import may_pass

_LIMIT = 10_000  # of events in one reading; a driver that never stops must not block it


class XidEvents:
    """Counts the Xids that NVML has collected since the last call, without waiting."""

    def __init__(self) -> None:
        self._nvml: Any = None
        self._set: Any = None
        self._uuids: dict[int, str] = {}
        self._counts: dict[str, Counter[int]] = {}  # by UUID and Xid
        self._last: dict[str, int] = {}

    def open(self, nvml: ModuleType) -> None:
        """Use the library *nvml*, which has just been opened."""
        self._nvml, self._set, self._uuids = nvml, None, {}

    def watch(self, handle: Any, uuid: str) -> tuple[bool | None, bool]:
        """Let NVML collect the Xids of a GPU.

        Return whether it does: True, or None and whether a later call may succeed.
        """
        if _address(handle) in self._uuids:
            return True, False
        try:
            if self._set is None:
                self._set = self._nvml.nvmlEventSetCreate()
            xids = self._nvml.nvmlEventTypeXidCriticalError
            self._nvml.nvmlDeviceRegisterEvents(handle, xids, self._set)
        except self._nvml.NVMLError as error:
            return None, may_pass(error)
        self._uuids[_address(handle)] = uuid
        self._counts.setdefault(uuid, Counter())
        return True, False

    def watch_again(self, handle: Any, uuid: str) -> None:
        """Watch a GPU again that was watched before NVML was reopened."""
        if uuid in self._counts:
            self.watch(handle, uuid)

    def values(self, uuid: str) -> QuantityValues:
        """Return ("xids",), ("xid", NUMBER), and ("last_xid",) if there was one."""
        self._drain()
        if uuid not in self._counts:
            return {}
        counts = self._counts[uuid]
        values: QuantityValues = {("xids",): counts.total()}
        values |= {("xid", str(xid)): count for xid, count in counts.items()}
        return values | ({("last_xid",): self._last[uuid]} if uuid in self._last else {})

    def _drain(self) -> None:
        """Count the Xids since the last call."""
        for _ in range(_LIMIT if self._set is not None else 0):
            try:
                event = self._nvml.nvmlEventSetWait_v2(self._set, 0)
            except self._nvml.NVMLError:  # usually a timeout: there are no more
                return
            uuid = self._uuids.get(_address(event.device))
            if uuid and event.eventType == self._nvml.nvmlEventTypeXidCriticalError:
                self._counts[uuid][event.eventData] += 1
                self._last[uuid] = event.eventData

    def close(self) -> None:
        """Free the event set; the counts stay."""
        if self._set is not None:
            self._drain()
            with suppress(self._nvml.NVMLError):
                self._nvml.nvmlEventSetFree(self._set)
        self._set, self._uuids = None, {}


def _address(handle: Any) -> int:
    """Return the address in a handle, as pynvml's handles can't be compared."""
    from ctypes import c_void_p, cast

    return cast(handle, c_void_p).value or 0
