"""Series in a store: write them, and look at their files."""

import resource
import signal
import struct
from contextlib import contextmanager

import whisper

from fructosa_bridge.model.points import Batch


def fill(store, path, times, interval_s):
    """Write a point at each of *times*, with its time as value, in a send of its own."""
    for time_s in times:
        store.write([Batch(time_s, interval_s, [(path, float(time_s))])])


def slots(store, path):
    """Return the seconds per slot of the archives of a series."""
    header = whisper.info(str(store.folder / f"{path.replace('.', '/')}.wsp"))
    return [archive["secondsPerPoint"] for archive in header["archives"]]


def stored(store, path):
    """Return the values in all slots of a series' file, whatever their times."""
    file = store.folder / f"{path.replace('.', '/')}.wsp"
    if not file.exists():
        return set()
    header, data = whisper.info(str(file)), file.read_bytes()
    slots = (
        struct.iter_unpack("!Ld", data[each["offset"] : each["offset"] + each["size"]])
        for each in header["archives"]
    )
    return {value for archive in slots for time_s, value in archive if time_s}


@contextmanager
def full_after(size):
    """Limit the size of files of this process, which fails like a full disk.

    Only for a while, because the report of the tests may be a file too.
    """
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    handler = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, limits[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
        signal.signal(signal.SIGXFSZ, handler)
