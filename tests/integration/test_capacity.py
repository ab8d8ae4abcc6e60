"""A real carbon creates files as `lmaster check` computes from MAX_CREATES_PER_MINUTE."""

import os
import socket
import time
from itertools import count

import whisper

from fructosa_bridge.carbon_setup.capacity import creation_s
from fructosa_bridge.carbon_setup.carbon_conf import read

from .processes import wait_until

# carbon creates RATE files at once, then two per second.
RATE, SERIES = 120, 126
# A full token bucket gives one more.
SPARE_S = 60 / RATE


def limit_creates(carbon):
    """Restart carbon with the limit; return its instance as lmaster reads it."""
    carbon.end_carbon()
    path = carbon.folder / "conf/carbon.conf"
    text = path.read_text()
    path.write_text(text.replace("CREATES_PER_MINUTE = inf", f"CREATES_PER_MINUTE = {RATE}"))
    carbon.start_carbon()
    return read(path, os.environ).instances[0]


def test_new_series_get_their_files_after_the_computed_time(start_carbon):
    """Not earlier; and points that came before the file existed are lost."""
    carbon = start_carbon()
    instance = limit_creates(carbon)
    files = [instance.folder / f"s{number}.wsp" for number in range(SERIES)]
    first_s = int(time.time()) - 600
    slots = count(first_s)

    def all_made():
        """Send a point of each series, like a scrape; return whether all have files."""
        slot = next(slots)
        lines = "".join(f"s{number} 1 {slot}\n" for number in range(SERIES))
        connection.sendall(lines.encode())
        return all(file.exists() for file in files)

    with socket.create_connection(("127.0.0.1", carbon.line_port)) as connection:
        began_s = time.monotonic()
        wait_until(all_made, lambda: sum(map(os.path.exists, files)), pause_s=0.1)
        took_s = time.monotonic() - began_s
    carbon.end_carbon()

    expected_s = creation_s(SERIES, instance.limits.creates_per_min)
    assert 3 == expected_s
    assert took_s >= expected_s - SPARE_S
    assert RATE <= sum(has_point(file, first_s) for file in files) < SERIES


def has_point(file, time_s):
    """Return whether a file has a point at a time."""
    _, (value,) = whisper.fetch(str(file), time_s - 1, time_s)
    return value is not None
