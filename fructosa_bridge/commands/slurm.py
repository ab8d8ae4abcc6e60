"""`lmaster slurm`: prints the state of the Slurm cluster."""

import argparse
import asyncio
import fcntl
import json
import os
import time
from pathlib import Path

from fructosa_service import cli
from fructosa_service.errors import ServiceError, visible_path

from ..client import slurm_report
from ..config.settings import DEFAULT_FILE, MasterConfig, read_config
from ..config.slurm_settings import SlurmSettings
from ..config.targets import slurm_target
from ..slurm.monitor import SlurmMonitor, log

CANNOT_LOCK = (
    "lmaster does not run here, and {path} cannot be locked to read Slurm without it: {reason}; "
    "start lmaster, or run this as its user"
)


def run(arguments: argparse.Namespace) -> int:
    """Print what the running lmaster knows of Slurm; without one, read Slurm once.

    Return 0 if slurmctld responds, else 1.
    """
    from ..client import client  # requests takes longer to import than most commands run

    master = client.from_arguments(arguments)
    try:
        found = slurm_report.parse(master.get("/api/slurm"))
        lines = list(slurm_report.report(found, time.time()))
    except client.CannotConnectError:
        if arguments.url is not None:
            raise
        config = read_config(cli.chosen_config(arguments.config, DEFAULT_FILE))
        log.disabled = True  # the report has the problems
        try:
            found = asyncio.run(read_once(config)).summary()
        finally:
            log.disabled = False
        lines = list(slurm_report.report(found, time.time()))
    except ValueError as error:
        raise ServiceError(master.not_lmaster(str(error))) from error
    if arguments.json:
        lines = [json.dumps(found, indent=2)]
    for line in lines:
        print(line)
    return 0 if found["is_up"] else 1


async def read_once(config: MasterConfig) -> SlurmMonitor:
    """Read Slurm once; commands that do so at the same time wait for each other.

    A command makes no data directory. Without one, no lmaster has run here, and nobody waits.
    Raises: ServiceError if the lock cannot be made.
    """
    folder = config.master.data_directory
    if not folder.is_dir():
        return await _read(config)
    descriptor = _open(folder)
    try:
        await asyncio.to_thread(fcntl.flock, descriptor, fcntl.LOCK_EX)
        return await _read(config)
    finally:
        os.close(descriptor)


async def _read(config: MasterConfig) -> SlurmMonitor:
    settings = config.slurm or SlurmSettings()
    target = slurm_target(settings.interval_s, 0, None, "plain")
    monitor = SlurmMonitor(settings, target, queue=lambda batches: None)
    await monitor.read()
    return monitor


def _open(folder: Path) -> int:
    """Return the lock of a folder. Only its owner and root can open it, whoever makes it."""
    path = folder / "slurm.lock"
    flags = os.O_RDWR | os.O_CLOEXEC | os.O_NOFOLLOW
    try:
        try:
            descriptor = os.open(path, flags | os.O_CREAT | os.O_EXCL, 0o600)
        except FileExistsError:
            return os.open(path, flags)
        if os.geteuid() == 0:
            # It is new: what somebody else has put there must not be given away.
            owner = folder.stat()
            os.fchown(descriptor, owner.st_uid, owner.st_gid)
        return descriptor
    except OSError as error:
        reason = error.strerror or str(error)
        raise ServiceError(CANNOT_LOCK.format(path=visible_path(path), reason=reason)) from error
