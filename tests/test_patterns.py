"""Every regular expression of the packages is linear: in time and in memory, whatever the text."""

import importlib
import pkgutil
import re
import time
import tracemalloc
from itertools import product
from pathlib import Path
from re import _constants as ops
from re import _parser as parser

import fructosa_bridge
import fructosa_exporter
import fructosa_grafana
import fructosa_service

PACKAGES = (fructosa_bridge, fructosa_exporter, fructosa_grafana, fructosa_service)
ALL_TEXT = "".join(
    file.read_text() for package in PACKAGES for file in Path(package.__path__[0]).rglob("*.py")
)
SEARCHES = ("search", "sub", "findall", "finditer", "split")
# Where time grows with the square of a text, four times as much text takes sixteen times as long.
SIZE, FACTOR, WORST = 1000, 4, 8
LOOKS = 5
# Of a text of that length a pattern that is linear takes a tenth of it.
SUSPICIOUS_S = 0.0005
# A pattern that keeps each repetition, to be able to try again, takes a hundred bytes a character.
MOST_BYTES_PER_CHARACTER = 16


def patterns():
    """Return all compiled patterns that modules have, and the names of the methods they use."""
    found = {}
    for package in PACKAGES:
        for info in pkgutil.walk_packages(package.__path__, f"{package.__name__}."):
            if info.name.endswith("__main__"):
                continue
            module = importlib.import_module(info.name)
            for name, value in vars(module).items():
                for pattern in compiled(value):
                    found.setdefault(pattern, (f"{info.name}.{name}", methods(module, name)))
    return [(name, pattern, used) for pattern, (name, used) in found.items()]


def compiled(value):
    """Yield the patterns in a value: itself, or those in a dictionary or a sequence."""
    if isinstance(value, re.Pattern):
        yield value
    elif isinstance(value, dict | tuple | list):
        for one in value.values() if isinstance(value, dict) else value:
            yield from compiled(one)


def methods(module, name):
    """Return how a module uses a pattern: at a place in a text, or searching all of it."""
    text = Path(module.__file__).read_text()
    used = re.findall(rf"\b{name}(?:\[\w+\])?\.(\w+)\b", text if name[0] == "_" else ALL_TEXT)
    is_searched = any(one in SEARCHES for one in used)
    return ("match", "fullmatch", "findall") if is_searched else ("match", "fullmatch")


def characters(parsed):
    """Yield characters that the parts of a parsed pattern match, one or two of each class."""
    for op, value in parsed:
        if op in (ops.LITERAL, ops.NOT_LITERAL):
            yield chr(value)
        elif op is ops.RANGE:
            yield chr(value[0])
        elif op is ops.IN:
            yield from characters(value)
        elif op is ops.CATEGORY:
            yield {ops.CATEGORY_DIGIT: "1", ops.CATEGORY_SPACE: " "}.get(value, "w")
        else:
            for part in parts(value):
                yield from characters(part)


def parts(value):
    """Yield the patterns within a part of a pattern."""
    if isinstance(value, parser.SubPattern):
        yield value
    elif isinstance(value, tuple | list):
        for one in value:
            yield from parts(one)


def example(parsed, repeat=1):
    """Return a text that a parsed pattern matches, more or less."""
    text = ""
    for op, value in parsed:
        if op in (ops.MAX_REPEAT, ops.MIN_REPEAT, ops.POSSESSIVE_REPEAT):
            least, most, part = value
            text += example(part, repeat) * min(max(least, repeat), most)
        elif op is ops.BRANCH:
            text += example(value[1][0], repeat)
        elif op in (ops.SUBPATTERN, ops.ATOMIC_GROUP):
            text += example(next(parts(value)), repeat)
        elif op in (ops.LITERAL, ops.RANGE, ops.IN, ops.CATEGORY):
            text += next(characters([(op, value)]), "x")
        elif op in (ops.ANY, ops.NOT_LITERAL):
            text += "x"
    return text


def worst_texts(pattern):
    """Yield what may be worst for a pattern: after a part of what it matches, a long repetition."""
    flags = pattern.flags & ~re.UNICODE if isinstance(pattern.pattern, bytes) else pattern.flags
    parsed = parser.parse(pattern.pattern, flags)
    alphabet = list(dict.fromkeys(characters(parsed)))[:7]
    whole = example(parsed)
    begins = dict.fromkeys(("", whole[:-1]))
    pumps = dict.fromkeys([*alphabet[:5], "".join(alphabet[:2]), whole])
    for begin, pump in product(begins, pumps):
        if pump:
            yield begin, pump


def text_of(pattern, begin, pump, size):
    """Return a text of about a *size*, which the pattern does not match as a whole."""
    text = begin + pump * (size // len(pump)) + "\0"
    return text.encode("latin-1", "replace") if isinstance(pattern.pattern, bytes) else text


def cpu_s(method, text, rounds):
    """Return the CPU time that a method takes: the best of some rounds."""
    best = float("inf")
    for _ in range(rounds):
        began_s = time.thread_time()
        method(text)
        best = min(best, time.thread_time() - began_s)
    return best


ALL = patterns()


def test_the_patterns_of_all_packages_are_found():
    """Those of lists and dictionaries, too."""
    names = {name for name, *_ in ALL}

    assert len(ALL) > 150
    assert {
        "fructosa_bridge.translate.text_format._SAMPLE",
        "fructosa_exporter.sources.prom_files._LABEL",
        "fructosa_exporter.slurm.layouts._JOB",
    } - names <= {"fructosa_exporter.slurm.layouts._JOB"}


def growth(method, short, long):
    """Return how much longer a method takes for a longer text; 0 if it takes nearly no time."""
    if cpu_s(method, long, 1) < SUSPICIOUS_S:
        return 0
    return cpu_s(method, long, 3) / cpu_s(method, short, 5)


def worst_growth(pattern, used):
    """Return a growth of time of a pattern that is too fast, with method and text; None if none."""
    for begin, pump in worst_texts(pattern):
        short, long = (text_of(pattern, begin, pump, size) for size in (SIZE, FACTOR * SIZE))
        for one in used:
            # Again, as something else may have run: what grows with the square does so each time.
            found = [growth(getattr(pattern, one), short, long)]
            while found[-1] > WORST and len(found) < LOOKS:
                found.append(growth(getattr(pattern, one), short, long))
            if found[-1] > WORST:
                return min(found), one, short[:30]
    return None


def test_a_pattern_takes_time_in_proportion_to_the_text():
    """Four times the text takes about four times as long, whatever it is."""
    worst = {name: worst_growth(pattern, used) for name, pattern, used in ALL}

    assert {} == {name: found for name, found in worst.items() if found}


def test_the_test_finds_a_pattern_whose_time_grows_with_the_square():
    """In a search, and where a part can be matched in several ways."""
    assert worst_growth(re.compile(r"\s*,"), ("findall",))
    assert not worst_growth(re.compile(r"[ab]*c"), ("match",))
    assert worst_growth(re.compile(r"[ab]*[ab]*c"), ("match",))


def peak_bytes(pattern):
    """Return the memory that matching takes at most, for each character of a long text."""
    worst = 0
    for begin, pump in worst_texts(pattern):
        text = text_of(pattern, begin, pump, SIZE)
        tracemalloc.reset_peak()
        before = tracemalloc.get_traced_memory()[0]
        pattern.match(text)
        worst = max(worst, tracemalloc.get_traced_memory()[1] - before)
    return worst / SIZE


def test_a_pattern_takes_little_memory():
    """Where each repetition is kept, to be able to try again, a character takes a hundred bytes."""
    tracemalloc.start()
    try:
        found = {name: peak_bytes(pattern) for name, pattern, _ in ALL}
        bad = peak_bytes(re.compile(r'"(?:[^"\\]|\\.)*"'))
    finally:
        tracemalloc.stop()

    assert bad > MOST_BYTES_PER_CHARACTER
    assert {} == {name: size for name, size in found.items() if size > MOST_BYTES_PER_CHARACTER}
