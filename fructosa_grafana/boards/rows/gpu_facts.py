"""GPUs of a node: what they are."""

from ...panels import Row
from .lines import FOLDED, facts

GPU_FACTS = Row(
    "GPUs of $node: facts",
    (
        facts(
            "GPUs",
            "What each GPU is, and the versions of its driver and of the newest CUDA that it "
            "takes.",
            "fructosa_gpu_info",
            *("gpu", "uuid", "name", "pci_bus_id", "vendor", "driver_version", "cuda_version"),
        ),
        facts(
            "MIG instances",
            "Instances that GPUs are divided into.",
            "fructosa_gpu_mig_info",
            *("gpu", "uuid", "gpu_instance", "compute_instance", "mig_uuid", "profile"),
        ),
    ),
    folded_in=FOLDED,
)
