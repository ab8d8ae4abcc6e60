"""GPUs: which there are, who uses them, and what is wrong with them."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

from fructosa_exporter.gpus.answers import Answer, Process, Told, parts
from fructosa_exporter.gpus.driver import Labels
from fructosa_exporter.kernel import Kernel
from fructosa_exporter.metrics import Rows, Sample, counter, info
from fructosa_exporter.sensor import CalmSensorOptions, SensorOptions
from fructosa_service.config.kinds import YES_NO
from fructosa_service.config.settings import option

from .gpu import GPUSensor, of_gpu


class GPUErrors(GPUSensor):
    """Errors of GPUs: ECC, retired pages, remapped rows, Xids, and what the driver asks for.

    Source: NVML, field values and events; AMD SMI, ECC counts. ECC errors are counted since the
    driver was loaded, and over the life of the board. Xids are counted from the sensor's first
    reading on; those before it are in the kernel's log. A GPU that is lost keeps telling its Xids.
    The recovery action is 0 for none, 1 to reset the GPU, 2 to restart the node, 3 to drain its
    peers, 4 to drain and reset; newer drivers know more (nvml.h, nvmlDeviceGpuRecoveryAction_t).
    """

    Options: ClassVar[type[SensorOptions]] = CalmSensorOptions

    QUANTITIES = {
        "ecc_enabled": of_gpu("ecc_enabled", "1 if memory corrects errors, else 0."),
        "ecc": of_gpu(
            "ecc_errors_total",
            "Errors of memory since the driver was loaded.",
            "kind",
            declare=counter,
        ),
        "ecc_lifetime": of_gpu(
            "ecc_lifetime_errors_total",
            "Errors of memory over the life of the board.",
            "kind",
            declare=counter,
        ),
        "retired_pages": of_gpu(
            "retired_pages", "Pages of memory taken out of use for their errors.", "kind"
        ),
        "retired_pages_pending": of_gpu(
            "retired_pages_pending", "1 if pages are retired at the next reset, else 0."
        ),
        "remapped_rows": of_gpu(
            "remapped_rows", "Rows of memory replaced by spare ones for their errors.", "kind"
        ),
        "remapped_rows_pending": of_gpu(
            "remapped_rows_pending", "1 if rows are remapped at the next reset, else 0."
        ),
        "remapped_rows_failed": of_gpu(
            "remapped_rows_failed", "1 if there was no spare row any more, else 0."
        ),
        "recovery_action": of_gpu("recovery_action", "What the driver asks for; 0 is nothing."),
        "xids": of_gpu("xids_total", "Errors that the driver has reported.", declare=counter),
        "xid": of_gpu(
            "xid_errors_total",
            "Errors that the driver has reported, by number.",
            "xid",
            declare=counter,
        ),
        "last_xid": of_gpu("last_xid", "Number of the last error that the driver has reported."),
    }

    def ask(self, gpu: Any) -> Answer | list[Told]:
        return gpu.errors()  # type: ignore[no-any-return]

    def answers(self) -> Sequence[tuple[Labels, list[Told]]]:
        # What is reported of a GPU is told when it is lost by then: it may be why.
        told = dict(self.read.each(self.name, self.ask))
        return [
            (gpu, [*parts(told.get(gpu, {})), *parts(events)])
            for gpu, events in self.read.events(self.name)
        ]


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
        "count": of_gpu("processes", "Processes that use the GPU.", "kind"),
        "memory": of_gpu("processes_memory_bytes", "Memory of all processes on the GPU."),
        "mig_count": of_gpu(
            "mig_processes",
            "Processes that use a MIG instance; it is absent where there are none.",
            "gpu_instance",
            "compute_instance",
        ),
        "process": of_gpu(
            "process_memory_bytes", "Memory of a process on the GPU.", "pid", "command"
        ),
    }

    kernel = Kernel()

    def ask(self, gpu: Any) -> Answer:
        found = gpu.processes()
        answer: Answer = {("count", kind): len(processes) for kind, processes in found.items()}
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

    def _each(self, processes: Iterable[Process]) -> Answer:
        return {
            ("process", str(one.pid), self.kernel.word(f"/proc/{one.pid}/comm") or ""): (
                one.memory_bytes
            )
            for one in processes
            if one.memory_bytes is not None
        }


@dataclass(frozen=True, kw_only=True)
class GPUInfoOptions(SensorOptions):
    """Whether serial numbers are told."""

    serial: bool = option(YES_NO, False, "Also tell the serial number of each board.")


class GPUInfo(GPUSensor):
    """Which GPUs there are, with their driver and MIG's instances; whether each answers.

    Source: NVML; AMD SMI. A GPU that has ever answered is up or down until the agent ends, also
    when its driver is unloaded or it fell off the bus. CUDA's version is the newest that the driver
    supports. Which GPU has which index is the same for nvidia-smi, whatever CUDA_VISIBLE_DEVICES
    says.
    """

    Options: ClassVar[type[SensorOptions]] = GPUInfoOptions
    options: GPUInfoOptions

    UP = of_gpu("up", "1 if the GPU answers, 0 if it or its driver no longer does.")
    QUANTITIES = {
        "info": of_gpu(
            "info",
            "What a GPU is.",
            "name",
            "pci_bus_id",
            "vendor",
            "driver_version",
            "cuda_version",
            declare=info,
        ),
        "serial": of_gpu(
            "serial_info", "Serial number of the GPU's board.", "serial", declare=info
        ),
        "mig_enabled": of_gpu("mig_enabled", "1 if the GPU is divided by MIG, else 0."),
        "mig_info": of_gpu(
            "mig_info",
            "An instance that MIG has made of a GPU.",
            "gpu_instance",
            "compute_instance",
            "mig_uuid",
            "profile",
            declare=info,
        ),
    }

    def samples(self) -> Iterable[Sample | Rows]:
        states = list(self.read.up(self.name))
        samples = [self.UP.sample(int(is_up), *gpu) for gpu, is_up in states]
        return [*samples, *super().samples()] if any(is_up for _, is_up in states) else samples

    def ask(self, gpu: Any) -> Answer | list[Told]:
        found = parts(gpu.info())
        if self.options.serial and (serial := gpu.serial()):
            found.append(((("serial", serial),), [1]))
        return found
