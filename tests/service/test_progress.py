"""The progress of a command, in one line of a terminal."""

import io

from fructosa_service.progress import progress


class Terminal(io.StringIO):
    """A fake terminal."""

    def isatty(self):
        """Return that it is one."""
        return True


def test_each_text_replaces_the_one_before():
    """An empty one clears the line."""
    terminal = Terminal()
    show = progress(terminal, lambda done: f"{done} of 2" if done < 2 else "")

    show(1)
    show(2)

    assert "\r\033[K1 of 2\r\033[K" == terminal.getvalue()


def test_a_text_is_cut_to_the_width_of_the_terminal(monkeypatch):
    """A wrapped line could not be cleared; the last column stays free."""
    monkeypatch.setenv("COLUMNS", "10")
    terminal = Terminal()

    progress(terminal, lambda: "node" * 5)()

    assert "\r\033[Knodenoden" == terminal.getvalue()


def test_a_file_gets_no_progress():
    """No text is made for it either, which may take long with many nodes."""
    texts = []
    file = io.StringIO()

    progress(file, texts.append)("1 of 2")

    assert ("", []) == (file.getvalue(), texts)
