"""How many files this process may have open, before a library asks and reserves memory for each."""

import resource

_MOST = 65_536  # far more than the agent ever opens


def at_most(files: int = _MOST) -> None:
    """Lower the limits of open files, where they are higher than that.

    On its way to nvidia-persistenced NVML reserves some fifty bytes for each file that may ever be
    open. Containers often allow a billion: NVIDIA/nvidia-container-toolkit, issue 1053.
    """
    soft, hard = (_lower(limit, files) for limit in resource.getrlimit(resource.RLIMIT_NOFILE))
    resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


def _lower(limit: int, files: int) -> int:
    return files if limit == resource.RLIM_INFINITY else min(limit, files)
