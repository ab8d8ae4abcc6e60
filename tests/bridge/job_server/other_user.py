"""Questions to a unix socket from a process of another user; only root can start one."""

import contextlib
import os
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

OTHER_UID = 54_321
needs_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root can become another user")

# It becomes the other user by itself, as that one may not be allowed to run this Python.
_ASK = """
import os, socket, sys
path, uid, request = sys.argv[1], int(sys.argv[2]), sys.argv[3]
os.setgroups([])
os.setresgid(uid, uid, uid)
os.setresuid(uid, uid, uid)
with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as client:
    client.connect(path)
    client.sendall(request.encode())
    while received := client.recv(65536):
        sys.stdout.buffer.write(received)
"""


@contextlib.contextmanager
def folder_for_all():
    """Make a folder that every user may enter; pytest's are of one user."""
    with tempfile.TemporaryDirectory() as folder:
        Path(folder).chmod(0o755)
        yield Path(folder)


def ask_as(uid, path, request):
    """Return what the socket answers to a request from another user, until it is closed."""
    command = [sys.executable, "-c", _ASK, str(path), str(uid), request]
    return subprocess.run(command, check=True, capture_output=True, timeout=60).stdout.decode()
