"""Pages of nodes: text format and OpenMetrics, into points, and these into what carbon reads."""

import pickle
import re
import struct
from collections.abc import Iterable

from fructosa_bridge.deliver.encode import pickle_frames, plaintext_lines
from fructosa_bridge.model.errors import PageError
from fructosa_bridge.model.points import Batch
from fructosa_bridge.translate import fast, openmetrics, text_format
from fructosa_bridge.translate.job_lines import without_jobs
from fructosa_bridge.translate.translator import Translation, Translator

from ..target import ROOT, FuzzTarget, beginning, expect, repeated, text_of

_PAGES = ROOT / "tests/bridge/pages"
_LIMIT = 100_000
_OTHER = "a 1\nb 2\n# EOF\n"
_VALUE = re.compile(r"(?m)^([^#\s].*[ \t])\S+$")
# A sample of three letters is remembered with its path; sample limit bounds how many there are.
_MEMORY = 150
_WORDS = (
    *(b'{a="b"}', b'{"a"', b'="', b'\\"', b"\\n", b"\\\\", b"# EOF\n", b"# HELP ", b"# TYPE "),
    *(b" counter", b" # {", b" 1e3", b" NaN", b" +Inf", b" 1.5e308", b"\r\n", b"\n\n", b"__name__"),
    *(b"\xff", b"\xed\xa0\x80", b"fructosa_slurm_job_cpus", b" 1700000000000", b"}", b","),
)


class _PageFormat:
    """One of the two formats."""

    def __init__(self, *, is_openmetrics: bool) -> None:
        self._is_openmetrics = is_openmetrics

    def translated(self, translator: Translator, page: str) -> Translation:
        return translator.translate(
            page, "n.", _LIMIT, target="n", is_openmetrics=self._is_openmetrics
        )

    def read(self, data: bytes) -> Translation:
        """Translate a page that is new."""
        return self.translated(Translator(), text_of(data))

    def promises(self, data: bytes, result: object) -> None:
        """Compare with what a translator says that knows pages, with Python alone, and strictly."""
        page = text_of(data)
        expected = _comparable(result)
        for before in (page, _OTHER, _VALUE.sub(r"\g<1>7", page)):
            found = self._after(before, page)
            expect(found == expected, "a page is read alike whatever was read before")
        with _WithoutC():
            found = self._after(_VALUE.sub(r"\g<1>7", page), page)
            expect(found == expected, "the part in C reads what Python reads")
        if isinstance(result, Translation):
            expect(result.samples == self._samples(page), "every sample counts, once")
            _deliver(result)

    def _after(self, before: str, page: str) -> object:
        """Return the outcome of a page after another one of the same node."""
        translator = Translator()
        outcome: object = None
        for text in (before, page):
            try:
                outcome = self.translated(translator, text)
            except PageError as error:
                outcome = error
        return _comparable(outcome)

    def _samples(self, page: str) -> int:
        module = openmetrics if self._is_openmetrics else text_format
        try:
            return sum(1 for _ in module.samples(without_jobs(page)))
        except PageError:
            return -1


class _WithoutC:
    """Only Python reads pages meanwhile."""

    def __enter__(self) -> None:
        self._numbers, fast.numbers = fast.numbers, None

    def __exit__(self, *_: object) -> None:
        fast.numbers = self._numbers


def _comparable(outcome: object) -> object:
    """Return an outcome without what may differ: the texts of errors, the sign of zero."""
    if not isinstance(outcome, Translation):
        return "refused"
    points = [(path, repr(value + 0.0)) for path, value in outcome.points]
    return points, outcome.samples, outcome.not_finite, outcome.repeated


def _deliver(found: Translation) -> None:
    batch = Batch(1_700_000_000, 10, found.points)
    in_c = _in_frames(batch)
    frames, fast.frames = fast.frames, None
    try:
        expect(_in_frames(batch) == in_c, "the part in C writes what Python writes")
    finally:
        fast.frames = frames
    lines = b"".join(plaintext_lines([batch])).split(b"\n")
    expect(len(lines) == len(batch) + 1, "a point is a line, whatever its path is")
    expect(all(len(line.split()) == 3 for line in lines[:-1]), "a line has path, value and time")


def _in_frames(batch: Batch) -> list[object]:
    """Return what carbon reads in the frames of a batch."""
    frames, points = b"".join(pickle_frames([batch])), list[object]()
    while frames:
        (size,) = struct.unpack("!L", frames[:4])
        expect(size < 2**20, "carbon takes a frame")
        points += pickle.loads(frames[4 : 4 + size])  # noqa: S301 - our own
        frames = frames[4 + size :]
    return points


def _text_seeds() -> Iterable[bytes]:
    names = ("lagent.txt", "node_exporter.txt", "prometheus.txt", "dcgm_exporter.txt")
    yield from (beginning(_PAGES / name, 8) for name in names)
    yield b'a{b="c",d="e\\"\\n\\\\"} 1 1700000000000\n{"x.y",z="1"} NaN\nx 1e3\n'


def _openmetrics_seeds() -> Iterable[bytes]:
    for name in ("lagent.om", "openmetrics.om"):
        yield beginning(_PAGES / name, 8) + b"# EOF\n"
    yield b'# TYPE a counter\n# UNIT a_s s\na_total{b="c"} 1 1.5 # {t="x"} 2 1.5\n# EOF\n'


_TEXT, _OPENMETRICS = _PageFormat(is_openmetrics=False), _PageFormat(is_openmetrics=True)
_line = repeated(lambda n: f'node_cpu_seconds_total{{cpu="{n}",mode="idle"}} {n}.5\n')

TARGETS = (
    FuzzTarget(
        name="text-page",
        read=_TEXT.read,
        errors=(PageError,),
        promises=_TEXT.promises,
        seeds=_text_seeds,
        words=_WORDS,
        honest=_line,
        most_memory=_MEMORY,
    ),
    FuzzTarget(
        name="openmetrics-page",
        read=_OPENMETRICS.read,
        errors=(PageError,),
        promises=_OPENMETRICS.promises,
        seeds=_openmetrics_seeds,
        words=_WORDS,
        honest=lambda size: _line(size) + b"# EOF\n",
        most_memory=_MEMORY,
    ),
)
