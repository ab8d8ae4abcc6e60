"""The line that tells how far a command is."""

import io

from fructosa_service.progress import progress


class Terminal(io.StringIO):
    """Keeps what it is to show."""

    def isatty(self):
        """Tell that it is one."""
        return True


def test_each_text_takes_the_place_of_the_one_before():
    """An empty one leaves nothing behind."""
    terminal = Terminal()
    tell = progress(terminal, lambda done: f"{done} of 2" if done < 2 else "")

    tell(1)
    tell(2)

    assert "\r\033[K1 of 2\r\033[K" == terminal.getvalue()


def test_a_text_stays_in_one_line(monkeypatch):
    """What a terminal wraps can't be taken back; the last column stays free."""
    monkeypatch.setenv("COLUMNS", "10")
    terminal = Terminal()

    progress(terminal, lambda: "node" * 5)()

    assert "\r\033[Knodenoden" == terminal.getvalue()


def test_a_file_gets_no_progress():
    """Nor is a text made for it, which may take long for many nodes."""
    made = []
    file = io.StringIO()

    progress(file, made.append)("1 of 2")

    assert ("", []) == (file.getvalue(), made)
