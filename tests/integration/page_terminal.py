"""A terminal for programs that ask for a password there: they take none from a pipe."""

import os
import pty
import subprocess

TYPED = "a secret of this test"


def typed(words, folder):
    """Run a command that asks for a password, in a *folder*; return what it did."""
    terminal, its_end = pty.openpty()
    with subprocess.Popen(
        words, cwd=folder, stdin=its_end, stdout=its_end, stderr=its_end, start_new_session=True
    ) as running:
        os.close(its_end)
        said = _answered(terminal)
        code = running.wait(10)
    os.close(terminal)
    return subprocess.CompletedProcess(words, code, said, "")


def _answered(terminal):
    """Type the password at each question; return all that was said."""
    said = line = b""
    # A question has no end of line, and what is typed before it comes is thrown away.
    while told := _told(terminal):
        said += told
        line = (line + told).rpartition(b"\n")[2]
        if line.endswith(b": "):
            os.write(terminal, f"{TYPED}\n".encode())
            line = b""
    return said.decode(errors="replace")


def _told(terminal):
    try:
        return os.read(terminal, 1024)
    except OSError:  # so Linux says that nobody has the terminal open any more
        return b""
