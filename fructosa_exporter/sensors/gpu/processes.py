"""GPUs: the processes that use them."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, ClassVar

from fructosa_exporter.gpus.quantities import GPUProcess, QuantityValues
from fructosa_exporter.kernel import Kernel
from fructosa_exporter.sensor import CalmSensorOptions, SensorOptions
from fructosa_service.config.kinds import YES_NO
from fructosa_service.config.settings import option

from .gpu_sensor import GPUSensor, gpu_metric


@dataclass(frozen=True, kw_only=True)
class GPUProcessesOptions(CalmSensorOptions):
    """Whether processes are exposed one by one."""

    each: bool = option(
        YES_NO,
        False,
        "Also expose each process with its PID and command, which creates many short-lived series.",
    )


class GPUProcesses(GPUSensor):
    """Processes that use GPUs, and the GPU memory that they use.

    Source: NVML, nvmlDeviceGetComputeRunningProcesses and nvmlDeviceGetGraphicsRunningProcesses;
    AMD SMI, process list. Memory is absent if the driver does not report it, as in some containers.
    With MIG, NVML reports processes only to root. Processes are exposed one by one only with
    each = yes.
    """

    Options: ClassVar[type[SensorOptions]] = GPUProcessesOptions
    options: GPUProcessesOptions

    QUANTITIES = {
        "count": gpu_metric("processes", "Processes that use the GPU.", "kind"),
        "memory": gpu_metric("processes_memory_bytes", "GPU memory used by all processes."),
        "mig_count": gpu_metric(
            "mig_processes",
            "Processes that use the MIG instance; absent if there are none.",
            "gpu_instance",
            "compute_instance",
        ),
        "process": gpu_metric(
            "process_memory_bytes",
            "GPU memory used by the process.",
            "pid",
            "command",
            without_panel="on request only: its series come and go with jobs",
        ),
    }

    kernel = Kernel()

    def query(self, gpu: Any) -> QuantityValues:
        by_kind = gpu.processes()
        result: QuantityValues = {
            ("count", kind): len(processes) for kind, processes in by_kind.items()
        }
        if not by_kind:
            return result
        # A process that uses compute and graphics is in both lists, with the same memory.
        each = {one.pid: one for processes in by_kind.values() for one in processes}
        sizes = [one.memory_bytes for one in each.values()]
        if None not in sizes:
            result["memory",] = sum(size or 0 for size in sizes)
        if instances := [one.instance for one in each.values() if one.instance]:
            result |= {("mig_count", *ids): count for ids, count in Counter(instances).items()}
        return result | (self._each(each.values()) if self.options.each else {})

    def _each(self, processes: Iterable[GPUProcess]) -> QuantityValues:
        return {
            ("process", str(one.pid), self.kernel.word(f"/proc/{one.pid}/comm") or ""): (
                one.memory_bytes
            )
            for one in processes
            if one.memory_bytes is not None
        }
