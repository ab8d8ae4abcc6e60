"""Parsing of files in the text format, compared with prometheus_client."""

import math
import re
from collections import Counter

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from prometheus_client.parser import text_string_to_metric_families

from fructosa_exporter.metrics import Family
from fructosa_exporter.page.exposition import family_lines
from fructosa_exporter.sources.prom_files import (
    BOUND_IN_WRONG_SAMPLE,
    CARRIAGE_RETURN,
    CONTROL_CHARACTER,
    DUPLICATE_LABEL,
    DUPLICATE_SERIES,
    HEAD_WITHOUT_NAME,
    IN_TWO_METRICS,
    INVALID_ESCAPE,
    NO_BOUND,
    NO_SPACE_IN_HEAD,
    NO_VALUE,
    NOT_A_LABEL,
    NOT_A_NUMBER,
    NOT_A_SAMPLE,
    NOT_A_TYPE,
    NOT_UTF8,
    OTHER_METRIC_IN_FILE,
    OTHER_TYPE_IN_FILE,
    RESERVED_LABEL,
    RESERVED_PREFIX,
    SECOND_TYPE,
    SERIES_IN_FILE,
    TEXT_AFTER_VALUE,
    TIMESTAMP,
    TYPE_AFTER_SAMPLES,
    UNTERMINATED,
    WRONG_SUFFIX,
    FileRejected,
    merge_files,
    parse_file,
)
from fructosa_service.errors import shown as shortened

TYPES = "counter, gauge, untyped, histogram, summary"


def ended(content):
    """Return *content* with the LF that the last line must have."""
    return content if content.endswith(b"\n") else content + b"\n"


def families(*texts):
    """Return the families of files called a, b, ..., and the errors of rejected files."""
    files = {chr(ord("a") + at): parse_file(ended(text.encode())) for at, text in enumerate(texts)}
    return merge_files(files)


def page(text):
    """Return the page with the metrics of a file."""
    shown, rejected = families(text)
    assert rejected == {}
    return family_lines(shown)


def lines(text):
    """Return the lines of the samples of a file, as on the page."""
    return [line for family in families(text)[0] for line in family.lines]


def error_of(text):
    """Return the error of a file that is rejected."""
    with pytest.raises(FileRejected) as caught:
        parse_file(ended(text if isinstance(text, bytes) else text.encode()))
    return str(caught.value)


def samples(text):
    """Return the samples that prometheus_client parses, and how often each occurs.

    It adds _total to names of counters, depending on the order of the lines. It also parses
    "#x TYPE" as a TYPE, which is a comment to Prometheus.
    """
    text = re.sub(r"(?m)^[ \t]*#(?![ \t]+(HELP|TYPE)[ \t]).*\n?", "", text)
    return Counter(
        (
            sample.name.removesuffix("_total"),
            tuple(sorted(sample.labels.items())),
            "NaN" if math.isnan(sample.value) else sample.value,
        )
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    )


def test_a_file_is_parsed_with_types_and_help():
    """There is a family for each metric."""
    text = (
        "# A comment.\n"
        "#another one\n"
        "\n"
        "# HELP jobs_total All jobs \\\\ with\\nbreaks.\n"
        "# TYPE jobs_total counter\n"
        'jobs_total{queue="long"} 3\n'
        'jobs_total{queue="short"} 4e2\n'
        "load 0.5\n"
    )

    shown, _ = families(text)

    jobs = ('jobs_total{queue="long"} 3', 'jobs_total{queue="short"} 4e2')
    assert shown == (
        Family("jobs_total", "counter", "All jobs \\ with\nbreaks.", jobs),
        Family("load", "untyped", "", ("load 0.5",)),
    )


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("a 1", "a 1"),
        (" \ta \t 1 \t", "a 1"),
        ("a{} 1", "a 1"),
        ("a{}1", "a 1"),
        ('a {b="c"} 1', 'a{b="c"} 1'),
        ('a{ b = "c" , d="e" , } 1', 'a{b="c",d="e"} 1'),
        ('a{b="{},= #"} 1', 'a{b="{},= #"} 1'),
        (r'a{b="\\n\"\n"} 1', r'a{b="\\n\"\n"} 1'),
        ('a{b="tab\there"} 1', 'a{b="tab\there"} 1'),
        ('a{b="\u2028é\x85"} 1', 'a{b="\u2028é\x85"} 1'),
        ('a{b=""} 1', 'a{b=""} 1'),
        ("a:b_C9 1", "a:b_C9 1"),
    ],
)
def test_lines_are_rendered_again(line, expected):
    """Whatever the spacing in the file."""
    assert [expected] == lines(line)


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("0", "0"),
        ("-0.0", "-0.0"),
        ("+1", "+1"),
        ("1.", "1."),
        (".5", ".5"),
        ("1e-400", "1e-400"),
        ("1E+5", "1E+5"),
        ("1152921504606846977", "1152921504606846977"),
        ("0" * 5000 + "1", "0" * 5000 + "1"),
        ("NaN", "NaN"),
        ("nan", "NaN"),
        ("Inf", "+Inf"),
        ("+Inf", "+Inf"),
        ("-inf", "-Inf"),
        ("Infinity", "+Inf"),
        ("-INFINITY", "-Inf"),
    ],
)
def test_numbers_that_both_go_and_python_parse_are_accepted(value, expected):
    """They are kept as written, unless they are not finite."""
    assert [f"a {expected}"] == lines(f"a {value}")
    assert samples(f"a {value}") == samples(f"a {expected}")


@pytest.mark.parametrize(
    "value",
    [
        *("x", "1x", "0x10", "0x1p3", "1_000", "1,5", "١", "1e", "1e999", "-" + "9" * 400, "e5"),
        *(".", "-", "+", "--1", "+nan", "-nan", "infinit", "ınf", "1 ", '"1"', "1}"),
    ],
)
def test_invalid_numbers_are_rejected(value):
    """Some of these are valid only in Python, others only in Go."""
    assert error_of(f"ok 1\na {value}\xa0").startswith("line 2: ")
    if value == value.strip():
        expected = NOT_A_NUMBER.format(text=shortened(value))
        assert f"line 2: {expected}" == error_of(f"ok 1\na {value}")


@pytest.mark.parametrize(
    ("text", "line", "expected"),
    [
        ("a", 1, NO_VALUE.format(text="'a'")),
        ("a{}", 1, NOT_A_NUMBER.format(text="''")),
        ("1 1", 1, NOT_A_SAMPLE.format(text="'1 1'")),
        ("\ufeffa 1", 1, NOT_A_SAMPLE.format(text=r"'\ufeffa 1'")),
        ('{"a"} 1', 1, NOT_A_SAMPLE.format(text="""'{"a"} 1'""")),
        ("a-b 1", 1, NO_VALUE.format(text="'a-b 1'")),
        ("a+1", 1, NO_VALUE.format(text="'a+1'")),
        ("a\n", 1, NO_VALUE.format(text="'a'")),
        ("\n\na 1 1700000000000", 3, TIMESTAMP),
        ("a 1 # {} 1", 1, TEXT_AFTER_VALUE.format(text="'#'")),
        ("a 1 1 1", 1, TIMESTAMP),
        ('a{b="c" 1', 1, NOT_A_LABEL.format(text="""'b="c" 1'""")),
        ('a{b="c} 1', 1, NOT_A_LABEL.format(text="""'b="c} 1'""")),
        ("a{b=c} 1", 1, NOT_A_LABEL.format(text="'b=c} 1'")),
        ('a{b="c" d="e"} 1', 1, NOT_A_LABEL.format(text="""'b="c" d="e"} 1'""")),
        ('a{,b="c"} 1', 1, NOT_A_LABEL.format(text="""',b="c"} 1'""")),
        ('a{b="c",,} 1', 1, NOT_A_LABEL.format(text="',} 1'")),
        ('a{b:c="d"} 1', 1, NOT_A_LABEL.format(text="""'b:c="d"} 1'""")),
        ('a{é="d"} 1', 1, NOT_A_LABEL.format(text="""'é="d"} 1'""")),
        ('a{"b"="c"} 1', 1, NOT_A_LABEL.format(text="""'"b"="c"} 1'""")),
        ('a{b="c",b="d"} 1', 1, DUPLICATE_LABEL.format(label="b")),
        ('a{__name__="b"} 1', 1, RESERVED_LABEL.format(label="__name__")),
        (r'a{b="\x"} 1', 1, INVALID_ESCAPE.format(escape=r"\x")),
        (r'a{b="\t"} 1', 1, INVALID_ESCAPE.format(escape=r"\t")),
        ("# HELP a C:\\temp", 1, INVALID_ESCAPE.format(escape=r"\t")),
        ('# HELP a \\"', 1, INVALID_ESCAPE.format(escape='\\"')),
        ("# HELP a \\", 1, INVALID_ESCAPE.format(escape="\\")),
        ("a 1\r\n", 1, CARRIAGE_RETURN),
        ("a 1\n# \0", 2, CONTROL_CHARACTER.format(character="\0")),
        (b"a 1\n\xff 2", 2, NOT_UTF8),
        ("a 1\na 2", 2, DUPLICATE_SERIES.format(series="a")),
        (
            'a{b="1",c="2"} 1\na{c="2",b="1"} 2',
            2,
            DUPLICATE_SERIES.format(series='a{b="1",c="2"}'),
        ),
        ('a{b=""} 1\na 2', 2, DUPLICATE_SERIES.format(series="a")),
        ("fructosa_x 1", 1, RESERVED_PREFIX.format(name="fructosa_x")),
        ("# HELP fructosa_x y", 1, RESERVED_PREFIX.format(name="fructosa_x")),
        ("# TYPE fructosa histogram", 1, RESERVED_PREFIX.format(name="fructosa_bucket")),
        ("# HELP", 1, HEAD_WITHOUT_NAME.format(word="HELP", example="What it means.")),
        ("# TYPE", 1, HEAD_WITHOUT_NAME.format(word="TYPE", example="gauge")),
        ("# TYPE a-b gauge", 1, HEAD_WITHOUT_NAME.format(word="TYPE", example="gauge")),
        ("#TYPE a gauge", 1, NO_SPACE_IN_HEAD.format(word="TYPE")),
        ("#HELP a b", 1, NO_SPACE_IN_HEAD.format(word="HELP")),
        ("# TYPE a", 1, NOT_A_TYPE.format(text="''", types=TYPES)),
        ("# TYPE a Gauge", 1, NOT_A_TYPE.format(text="'Gauge'", types=TYPES)),
        ("# TYPE a info", 1, NOT_A_TYPE.format(text="'info'", types=TYPES)),
        ("# TYPE a gauge now", 1, NOT_A_TYPE.format(text="'gauge now'", types=TYPES)),
        ("# TYPE a gauge\n# TYPE a counter", 2, SECOND_TYPE.format(metric="a")),
        ("a 1\n# TYPE a gauge", 2, TYPE_AFTER_SAMPLES.format(metric="a")),
    ],
)
def test_invalid_files_are_rejected(text, line, expected):
    """The error has the line, and says what to do."""
    assert f"line {line}: {expected}" == error_of(text)


HISTOGRAM = '# TYPE h histogram\nh_bucket{le="+Inf"} 1\nh_sum 2\nh_count 1\n'
NO_BOUND_OF_BUCKET = NO_BOUND.format(name="h_bucket", type="histogram", label="le")
SUMMARY = '# TYPE s summary\ns{quantile="0.5"} 1\ns_sum 2\ns_count 1\n'


def test_histograms_and_summaries_are_one_family():
    """It has the lines of all their samples."""
    (histogram, summary), _ = families(HISTOGRAM + SUMMARY)

    assert (histogram.name, histogram.type, len(histogram.lines)) == ("h", "histogram", 3)
    assert (summary.name, summary.type, len(summary.lines)) == ("s", "summary", 3)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("h 1", WRONG_SUFFIX.format(name="h", type="histogram", names="h_bucket, h_sum, h_count")),
        ("h_bucket 1", NO_BOUND_OF_BUCKET),
        ('h_bucket{le="x"} 1', NO_BOUND_OF_BUCKET),
        ('h_bucket{le="NaN"} 1', NO_BOUND_OF_BUCKET),
        (
            'h_sum{le="1"} 1',
            BOUND_IN_WRONG_SAMPLE.format(name="h_sum", type="histogram", label="le"),
        ),
        ("s 1", NO_BOUND.format(name="s", type="summary", label="quantile")),
        (
            's_count{quantile="1"} 1',
            BOUND_IN_WRONG_SAMPLE.format(name="s_count", type="summary", label="quantile"),
        ),
        ("# TYPE h_sum counter", IN_TWO_METRICS.format(name="h_sum", one="h", other="h_sum")),
        ("# HELP s_count Of it.", IN_TWO_METRICS.format(name="s_count", one="s", other="s_count")),
        (
            "x_count 1\n# TYPE x summary",
            IN_TWO_METRICS.format(name="x_count", one="x_count", other="x"),
        ),
    ],
)
def test_samples_of_histograms_and_summaries_are_checked(text, expected):
    """Both their names and their labels."""
    heads = "# TYPE h histogram\n# TYPE s summary\n"

    assert error_of(heads + text).endswith(f": {expected}")


def test_names_like_those_of_a_histogram_are_valid_for_other_metrics():
    """Gauges are often called something_count."""
    assert ["a_count 1", "a_sum 1", 'a_bucket{x="y"} 1', "a 1"] == lines(
        'a_count 1\na_sum 1\na_bucket{x="y"} 1\na 1'
    )


def test_lines_of_one_metric_are_rendered_together():
    """Scripts may write them in any order; HELP may follow them."""
    text = "a 1\nb 1\n# HELP a Of a.\n" + 'a{x="y"} 2\n'

    expected = (
        '# HELP a Of a.\n# TYPE a untyped\na 1\na{x="y"} 2\n# HELP b \n# TYPE b untyped\nb 1\n'
    )
    assert expected == page(text)


@pytest.mark.parametrize("text", ["", "\n", "# x", "# HELP a b\n# TYPE a gauge\n", "#"])
def test_metrics_without_samples_are_left_out(text):
    """Even if they have HELP and TYPE."""
    assert ((), {}) == families(text)


@pytest.mark.parametrize("content", [b"a 1795966470\nb 17", b"a 1\n# HELP b", b"\xc3", b"a 1\r"])
def test_a_file_whose_last_line_has_no_lf_is_rejected(content):
    """The program is still writing it: 17 may become 1795966470."""
    with pytest.raises(FileRejected) as caught:
        parse_file(content)

    line = content.count(b"\n") + 1
    assert f"line {line}: {UNTERMINATED}" == str(caught.value)


@pytest.mark.parametrize("content", [b"", b"a 1\n", b"a 1\n \t"])
def test_blanks_after_the_last_line_are_no_line(content):
    """Nothing of it can be cut; nor can anything of an empty file."""
    assert set(parse_file(content)) <= {"a"}


def test_a_second_help_is_no_error():
    """Nor is the same TYPE again, as in a file that was put together from others."""
    text = '# HELP a One.\n# TYPE a gauge\na 1\n# HELP a Two.\n# TYPE a gauge\na{x="y"} 2'

    assert ((Family("a", "gauge", "One.", ("a 1", 'a{x="y"} 2')),), {}) == families(text)


def test_metrics_of_several_files_are_merged():
    """The first HELP is used."""
    one = '# TYPE a gauge\na{x="1"} 1\nb 1'
    two = '# HELP a Second.\n# TYPE a gauge\na{x="2"} 2'
    three = '# HELP a Third.\n# TYPE a gauge\na{x="3"} 3'

    shown, rejected = families(one, two, three)

    both = ('a{x="1"} 1', 'a{x="2"} 2', 'a{x="3"} 3')
    assert (Family("a", "gauge", "Second.", both), Family("b", "untyped", "", ("b 1",))) == shown
    assert rejected == {}


@pytest.mark.parametrize(
    ("one", "two", "expected"),
    [
        (
            "# TYPE a gauge\na 1",
            'a{x="y"} 1',
            OTHER_TYPE_IN_FILE.format(name="a", type="untyped", other="gauge", file="'a'"),
        ),
        ("a 1", "a 2", SERIES_IN_FILE.format(series="a", file="'a'")),
        ('a{x=""} 1', "a 2", SERIES_IN_FILE.format(series="a", file="'a'")),
        (
            HISTOGRAM,
            "h_sum 1",
            OTHER_METRIC_IN_FILE.format(name="h_sum", metric="h", file="'a'"),
        ),
        (
            "h_sum 1",
            HISTOGRAM,
            OTHER_METRIC_IN_FILE.format(name="h_sum", metric="h_sum", file="'a'"),
        ),
        (
            "s_count 1",
            SUMMARY,
            OTHER_METRIC_IN_FILE.format(name="s_count", metric="s_count", file="'a'"),
        ),
    ],
)
def test_a_file_that_contradicts_another_is_left_out(one, two, expected):
    """Completely; the other files are not affected."""
    alone, _ = families(one, "", "d 1")

    shown, rejected = families(one, f"ok 1\n{two}", "d 1")

    assert alone == shown
    assert ["b"] == list(rejected)
    assert expected == rejected["b"]


@pytest.mark.parametrize(
    "line",
    [
        "a " + "1" * 2_000_000 + "x",
        'a{b="' + "\\\\" * 1_000_000,
        'a{b="' + "x" * 2_000_000,
        'a{b="x"' + " " * 2_000_000 + "c",
        "a" * 2_000_000,
        "#" + " " * 2_000_000 + "TYPES",
        "a 1" + " 1" * 1_000_000,
    ],
)
def test_long_invalid_lines_are_rejected_fast(line):
    """With backtracking, this would take hours. The message is cut."""
    if not line.startswith("#"):
        assert len(error_of(line)) < 300
    else:
        assert lines(line) == []


LONG = "a" * 1000


@pytest.mark.parametrize(
    "text",
    [
        f"{LONG} 1\n{LONG} 1",
        f"# TYPE {LONG} gauge\n# TYPE {LONG} counter",
        f"{LONG} 1\n# TYPE {LONG} gauge",
        f"# TYPE {LONG} histogram\n{LONG} 1",
        f"# TYPE {LONG} histogram\n{LONG}_bucket 1",
        f'# TYPE {LONG} histogram\n{LONG}_sum{{le="1"}} 1',
        f"# TYPE {LONG} histogram\n# HELP {LONG}_sum x",
        f'a{{{LONG}="1",{LONG}="1"}} 1',
        f'a{{__{LONG}="1"}} 1',
        f"fructosa_{LONG} 1",
        f"# TYPE a {LONG}",
        f'a{{b="{LONG}é\u2028"}} 1\na{{b="{LONG}é\u2028"}} 1',
    ],
)
def test_messages_are_short(text):
    """Even if names are long: a file must not fill the log."""
    assert len(error_of(text)) < 500


def test_messages_about_contradictions_are_short():
    """Even if names of metrics and files are long."""
    gauge = f"# TYPE {LONG} gauge\n{LONG} 1"
    summary = f"# TYPE {LONG} summary\n{LONG}_sum 1"

    for one, other in ((gauge, f"{LONG} 1"), (gauge, gauge), (summary, f"{LONG}_sum 1")):
        _, rejected = merge_files(
            {LONG: parse_file(f"{one}\n".encode()), "b": parse_file(f"{other}\n".encode())}
        )
        assert len(rejected["b"]) < 500


names = st.from_regex(r"[a-eg-zA-Z_:][a-zA-Z0-9_:]{0,3}", fullmatch=True)
label_names = st.from_regex(r"[a-z][a-z_0-9]?", fullmatch=True).filter(lambda name: name != "le")
texts = st.text(st.characters(exclude_categories=["Cs", "Cc"]), max_size=5) | st.text('\\"\n{},= #')
numbers = st.floats().map(repr) | st.integers(-(2**70), 2**70).map(str) | st.just("+Inf")
blanks = st.sampled_from(["", " ", "\t", "  "])
comments = st.sampled_from(["", "# x", "# HELP", "# TYPE", "#", "\t", "# EOF"])


def escaped(text):
    """Return *text* as the format writes it behind HELP, and but for quotes in labels."""
    return text.replace("\\", "\\\\").replace("\n", "\\n")


def quoted(text):
    """Return *text* as the format writes it in labels."""
    return escaped(text).replace('"', '\\"')


@st.composite
def sample_lines(draw, name, more=()):
    """A line of a sample, in any spacing."""
    labels = [*draw(st.dictionaries(label_names, texts, max_size=3)).items(), *more]
    blank = iter(lambda: draw(blanks), None)
    pairs = [
        f'{next(blank)}{key}{next(blank)}={next(blank)}"{quoted(value)}"{next(blank)}'
        for key, value in dict(labels).items()
    ]
    comma = draw(st.sampled_from(["", ","])) if pairs else ""
    braces = f"{next(blank)}{{{','.join(pairs)}{comma}{next(blank)}}}{next(blank)}"
    return f"{next(blank)}{name}{braces if pairs else ' '}{draw(numbers)}{next(blank)}"


@st.composite
def metrics(draw, name):
    """Head and samples of one metric, without any series twice."""
    kind = draw(st.sampled_from(["counter", "gauge", "untyped", "histogram", "summary"]))
    found = []
    if draw(st.booleans()):
        found.append(f"# HELP {name} {escaped(draw(texts))}")
    found.append(f"#\t TYPE {name} {kind}")
    roles = {
        "histogram": [("_bucket", [("le", "1e3")]), ("_bucket", [("le", "+Inf")]), ("_sum", [])],
        "summary": [("", [("quantile", ".5")]), ("_count", [])],
    }
    for suffix, more in roles.get(kind, [("", [])]):
        series = range(draw(st.integers(0, 2)))
        found += [draw(sample_lines(name + suffix, [*more, ("zz", str(at))])) for at in series]
    return found


@st.composite
def pages(draw):
    """A page that is right, in any spacing."""
    found = []
    for at, name in enumerate(draw(st.lists(names, max_size=3))):
        found += [draw(comments.filter(lambda text: len(text) < 6))]
        found += draw(metrics(f"{name}_{at}x"))
    return "".join(f"{line}\n" for line in found) + draw(st.sampled_from(["", "\n", "\t"]))


@given(pages())
def test_prometheus_client_parses_the_same_samples_in_file_and_page(text):
    """Valid files are accepted, and no sample is lost."""
    expected = samples(text)

    shown = page(text)

    assert expected == samples(shown)
    assert page(shown) == shown


@given(pages())
def test_prometheus_client_reads_the_same_types_and_helps(text):
    """Except for spaces at both ends of a HELP."""
    shown, _ = families(text)

    expected = [
        (family.name.removesuffix("_total"), family.type, family.help.strip()) for family in shown
    ]
    assert expected == [
        (family.name, family.type.replace("unknown", "untyped"), family.documentation.strip())
        for family in text_string_to_metric_families(family_lines(shown))
    ]


PIECES = [
    *("\n", " ", "\t", '"', "\\", "\\n", "{", "}", ",", "=", "#", "# TYPE ", "# HELP ", " gauge\n"),
    *("a", "_sum", 'a{b="c"} 1\n', "le=", '="1"', "1", "NaN", "1e999", "_", "\xa0", "\x85", "\r"),
    *("\x1c", "__", "histogram", "a 1\na 2\n", ",,", " 1 ", "0x1", "\u0661", ":", '{"a"} 1\n'),
]


@st.composite
def mutated(draw):
    """A valid file with some mutations."""
    text = draw(pages() | st.just('# TYPE a counter\na{b="c"} 1\na 2\n'))
    for _ in range(draw(st.integers(1, 4))):
        start = draw(st.integers(0, len(text)))
        end = start + draw(st.integers(0, 3))
        text = text[:start] + draw(st.sampled_from(["", *PIECES])) + text[end:]
    return f"{text}\n"


@given(mutated())
@example("a 1\xa0\n")
@example('# TYPE a counter\nb 1\na{c="\\\\"} 1')
def test_prometheus_client_parses_mutated_files_the_same_way(text):
    """An invalid file is rejected, or both parse it the same way."""
    try:
        shown = page(text)
    except FileRejected:
        return

    assert samples(text) == samples(shown)


@given(st.binary() | st.text().map(str.encode) | mutated().map(str.encode))
def test_any_file_is_parsed_or_rejected(content):
    """The error has a line; an accepted file results in a valid page."""
    try:
        page_of_it = parse_file(content)
    except FileRejected as error:
        reason = str(error)
    else:
        reason = "line 0: none"
        shown, _ = merge_files({"a": page_of_it})
        list(text_string_to_metric_families(family_lines(shown)))

    assert re.match(r"line [0-9]+: ", reason)


@given(st.data())
def test_a_page_that_is_cut_loses_lines_but_has_no_wrong_value(data):
    """It is rejected, unless it is cut at the end of a line."""
    text = data.draw(pages()).encode()
    cut = text[: data.draw(st.integers(0, len(text)))]
    try:
        found = parse_file(cut)
    except FileRejected:
        return

    whole = parse_file(text)
    for name, metric in found.items():
        assert metric.lines.items() <= whole[name].lines.items()
