"""GPUs: who uses them."""

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
    """Whether processes are told one by one."""

    each: bool = option(
        YES_NO, False, "Also tell each process, with its number and command: series come and go."
    )


class GPUProcesses(GPUSensor):
    """Processes that use GPUs, and their memory; each of them only on request.

    Source: NVML, nvmlDeviceGetComputeRunningProcesses and its kin; AMD SMI, process list. Memory
    is missing where the driver does not tell it, as in some containers. Of a GPU that is divided by
    MIG, NVML tells processes to root alone.
    """

    Options: ClassVar[type[SensorOptions]] = GPUProcessesOptions
    options: GPUProcessesOptions

    QUANTITIES = {
        "count": gpu_metric("processes", "Processes that use the GPU.", "kind"),
        "memory": gpu_metric("processes_memory_bytes", "Memory of all processes on the GPU."),
        "mig_count": gpu_metric(
            "mig_processes",
            "Processes that use a MIG instance; it is absent where there are none.",
            "gpu_instance",
            "compute_instance",
        ),
        "process": gpu_metric(
            "process_memory_bytes", "Memory of a process on the GPU.", "pid", "command"
        ),
    }

    kernel = Kernel()

    def query(self, gpu: Any) -> QuantityValues:
        found = gpu.processes()
        answer: QuantityValues = {
            ("count", kind): len(processes) for kind, processes in found.items()
        }
        if not found:
            return answer
        # One that computes and draws is in both lists, with the same memory.
        each = {one.pid: one for processes in found.values() for one in processes}
        sizes = [one.memory_bytes for one in each.values()]
        if None not in sizes:
            answer["memory",] = sum(size or 0 for size in sizes)
        if divided := [one.instance for one in each.values() if one.instance]:
            answer |= {("mig_count", *ids): count for ids, count in Counter(divided).items()}
        return answer | (self._each(each.values()) if self.options.each else {})

    def _each(self, processes: Iterable[GPUProcess]) -> QuantityValues:
        return {
            ("process", str(one.pid), self.kernel.word(f"/proc/{one.pid}/comm") or ""): (
                one.memory_bytes
            )
            for one in processes
            if one.memory_bytes is not None
        }
