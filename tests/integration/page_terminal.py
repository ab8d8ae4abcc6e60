"""A terminal for programs that prompt for a password: they do not read one from a pipe."""

import os
import pty
import subprocess

TYPED = "a secret of this test"


def typed(words, folder):
    """Run a command that prompts for a password, in a *folder*; return a completed process."""
    terminal, its_end = pty.openpty()
    with subprocess.Popen(
        words, cwd=folder, stdin=its_end, stdout=its_end, stderr=its_end, start_new_session=True
    ) as running:
        os.close(its_end)
        output = _converse(terminal)
        code = running.wait(10)
    os.close(terminal)
    return subprocess.CompletedProcess(words, code, output, "")


def _converse(terminal):
    """Type the password at each prompt; return the output."""
    output = line = b""
    # A prompt does not end with a newline, and what is typed before it is discarded.
    while chunk := _read(terminal):
        output += chunk
        line = (line + chunk).rpartition(b"\n")[2]
        if line.endswith(b": "):
            os.write(terminal, f"{TYPED}\n".encode())
            line = b""
    return output.decode(errors="replace")


def _read(terminal):
    try:
        return os.read(terminal, 1024)
    except OSError:  # on Linux: no process has the terminal open any more
        return b""
