"""What is fuzzed: a reader of somebody else's bytes, and what it promises."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]
"""The folder of the repository."""


class BrokenPromise(Exception):
    """A reader did what it promises not to do; the text says which promise it was."""


def expect(is_kept: object, promise: str) -> None:
    """Raise BrokenPromise unless it *is_kept*."""
    if not is_kept:
        raise BrokenPromise(promise)


@dataclass(frozen=True, kw_only=True)
class FuzzTarget:
    """A reader and its promises.

    *read* is called with each input. It may return anything, and raise only *errors*. *promises*
    gets the input and what was returned or raised: it raises BrokenPromise. *seeds* are valid
    inputs, *words* what is worth inserting. *honest* makes an honest input of about a size, with
    which the time is compared; without it nothing is made large. *most_memory* is in bytes for each
    byte of the input.
    """

    name: str
    read: Callable[[bytes], object]
    errors: tuple[type[Exception], ...] = ()
    promises: Callable[[bytes, object], None] = lambda data, result: None
    seeds: Callable[[], Iterable[bytes]] = tuple
    words: Sequence[bytes] = ()
    honest: Callable[[int], bytes] | None = None
    most_bytes: int = 1000
    most_memory: int = 100

    def check(self, data: bytes) -> None:
        """Read an input.

        Raises: BrokenPromise, or what *read* should not raise.
        """
        self.promises(data, self.outcome(data))

    def outcome(self, data: bytes) -> object:
        """Return what *read* returns, or the error that it may raise."""
        try:
            return self.read(data)
        except self.errors as error:
            return error


def text_of(data: bytes) -> str:
    """Return an input as text, with surrogates where it is not UTF-8."""
    return data.decode("utf-8", "surrogateescape")


def repeated(line: Callable[[int], str]) -> Callable[[int], bytes]:
    """Return what makes an honest input of a size of lines, each of them with its number."""

    def made(size: int) -> bytes:
        lines: list[bytes] = []
        length = 0
        while length < size:
            lines.append(line(len(lines)).encode())
            length += len(lines[-1])
        return b"".join(lines)

    return made


def beginning(path: Path, lines: int = 60) -> bytes:
    """Return the first lines of a file."""
    return b"".join(path.read_bytes().splitlines(keepends=True)[:lines])
