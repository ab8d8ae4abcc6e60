"""MIG: the instances of a GPU."""

from dataclasses import dataclass
from typing import Any

from .calls import query


@dataclass(frozen=True)
class MIGInstance:
    """A compute instance within a GPU instance."""

    handle: Any
    gpu_instance: str
    compute_instance: str
    uuid: str
    profile: str  # such as "1g.5gb"

    @property
    def ids(self) -> tuple[str, str]:
        """The ids of the GPU instance and the compute instance."""
        return self.gpu_instance, self.compute_instance


def instances(nvml: Any, handle: Any) -> list[MIGInstance]:
    """Return the current MIG instances of a GPU; an empty list without MIG.

    Instances are created and destroyed at any time, so their handles can't be cached.

    Raises: GPULost, DriverError.
    """
    mode = query(nvml, "nvmlDeviceGetMigMode", handle)
    if mode is None or mode[0] != 1:
        return []
    found = []
    for index in range(query(nvml, "nvmlDeviceGetMaxMigDeviceCount", handle) or 0):
        device = query(nvml, "nvmlDeviceGetMigDeviceHandleByIndex", handle, index)
        instance = None if device is None else _instance(nvml, device)
        if instance is not None:
            found.append(instance)
    return found


def _instance(nvml: Any, device: Any) -> MIGInstance | None:
    ids = [query(nvml, f"nvmlDeviceGet{kind}InstanceId", device) for kind in ("Gpu", "Compute")]
    uuid = query(nvml, "nvmlDeviceGetUUID", device)
    if None in ids or not uuid:  # it was destroyed between two calls
        return None
    name = query(nvml, "nvmlDeviceGetName", device) or ""
    return MIGInstance(device, str(ids[0]), str(ids[1]), uuid, name.rpartition("MIG ")[2])
