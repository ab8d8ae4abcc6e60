"""Pages at the edges of both formats: written by hand, and made of parts at random."""

import random

TEXT = "text/plain; version=0.0.4"
OPENMETRICS = "application/openmetrics-text; version=1.0.0"

_HAND_TEXT = rb"""
|a 1|a 1 |a  1|  a 1|a{t}1|a{t}1{t}5{t}|a 1 5|a 1  5 |a 1 -5|a 1 +5|a 1 2.5|a 1 5x|a 1 0x5|a 1 2 3
a|a{n}|a 1 # x|a 1 2 # x|a 1 99999999999999999999|a 1 9999999999999999999|a 1 123456789012345678
a NaN|a nan|a NAN|a -NaN|a +NaN|a Inf|a +Inf|a -Inf|a iNf|a infinity|a -iNfinity|a infin|a in
a 1e999|a -1e999|a 1e-999|a 1.|a .5|a .|a -|a +|a e5|a 1e|a 1e5|a 1E+5|a 0x10|a 0x1p4|a 1_0|a ++1
a --1|a 1,5|a 1d|a 0b1|a 007|a true|a null|a "1"|a [1]|a 1]|a 1}|a {1}|a{1}|a=1|a:1 1|:a 1|_a 1
1a 1|a-b 1|a.b 1|a-1|a+1|a-1 5|a.5|a/b 1|a!1|a{}|a{} 1|a{}1|a {} 1|a { } 1|a{ } 1|a{,} 1|a{x} 1
a{x=} 1|a{x=b} 1|a{x='b'} 1|a{x="b} 1|a{x=b"} 1|a{x="b"}|a{x="b"}1|a{x="b"} 1|a{x="b"} 1 5
a{x="b"}  1|a{x="b"}{t}1|a {x="b"} 1|a{ x="b"} 1|a{x ="b"} 1|a{x= "b"} 1|a{x="b" } 1|a{x="b",} 1
a{x="b" ,} 1|a{x="b",,} 1|a{,x="b"} 1|a{x="b",y="c"} 1|a{x="b", y="c"} 1|a{x="b" y="c"} 1
a{x="b"y="c"} 1|a{x="b",,y="c"} 1|a{x="b";y="c"} 1|a{x="b"} {y="c"} 1|a{x="b"}} 1|a{{x="b"} 1
a{x="b"} 1}|{x="b"}a 1|a{x="b"a 1|a{x="b",x="c"} 1|a{x="b",x="b"} 1|a{x="",x="c"} 1
a{x="c",x=""} 1|a{x="",x=""} 1|a{__name__="b"} 1|{__name__="b"} 1|a{__x="b"} 1|a{_x="b"} 1
a{1x="b"} 1|a{x:y="b"} 1|a{x-y="b"} 1|a{x.y="b"} 1|a{=""} 1|a{""="b"} 1|a{"x"="b"} 1|a{x="\""} 1
a{x="\\"} 1|a{x="\n"} 1|a{x="\t"} 1|a{x="\q\u00e4"} 1|a{x="\"} 1|a{x="\\\"} 1|a{x="}"} 1
a{x="{"} 1|a{x=","} 1|a{x="a 1"} 2|a{x="# {"} 1|a{x="="} 1|a{x=" "} 1|a{x="{t}"} 1|a{x="{n}"} 1
a{x="1{n}b 2"} 3|a{x="1{n}{n}"} 3|a{x="\{n}"} 1|a{x="1{n}2",y="{n}"} 1|a{x="1{n}2} 1|a{{n}x="b"} 1
a{x="b"{n}} 1|a{x{n}="b"} 1|a{x="b"} 1{n}"|a{x="{r}{n}"} 1|a{x="{0}"} 1|a{x="1{0}2"} 1|{0}a 1
a{0} 1|a 1{0}|a 1 5{0}|a 1{n}{0}b 2|a{x{0}="b"} 1|#{0}x{n}a 1|# x{0}{n}a 1|a{x="{f}"} 1
a{x="b"} 1{n}# {f}|# HELP a {f}{n}a 1|{f} 1|a{x="{u}"} 1|{u} 1|a{{u}="b"} 1|{b}a 1|a {d}|a{s}1
a{v}1|a 1{v}|# x|#|##|# |#x|#HELP 1|#TYPE a gauges| # x{n}a 1|{t}# x{n}a 1|# EOF{n}a 1
# HELP{n}a 1|# HELP {n}a 1|# HELP  {n}a 1|# HELP a{n}a 1|# HELP a {n}a 1|# HELP a x{n}a 1
# HELP  a  x{n}a 1|#  HELP a x{n}a 1|#{t}HELP{t}a{t}x{n}a 1|# HELP 1 x|# HELP a-b x|# HELP a{ x
# HELP a{x="b"} x|# HELP {x="b"} x|# HELP -a x|# HELP "a" x|# HELPa x|# help 1 x|# HELPER 1
# TYPES 1 x|# TYPE a gauge|# TYPE a counter|# TYPE a histogram|# TYPE a summary|# TYPE a untyped
# TYPE a unknown|# TYPE a info|# TYPE a stateset|# TYPE a|# TYPE a |# TYPE|# TYPE  a gauge
#  TYPE a gauge|# TYPE{t}a{t}gauge|# TYPE a  gauge|# TYPE a gauge |# TYPE a Gauge|# TYPE a gauges
# TYPE a gauge x|# TYPE a-gauge|# TYPE agauge|# TYPE axgauge|# TYPE a:gauge|# TYPE 1a gauge
# TYPE a{ gauge|# TYPE a{}gauge|# TYPE a gauge{n}# TYPE a counter{n}a 1
# HELP a x{n}# HELP a y{n}a 1|a 1{n}# TYPE a gauge|# UNIT a seconds|# UNIT 1 x|a 1{n}a 2|a 2{n}a 1
a NaN{n}a 2|a 1{n}a NaN|a 1{n}a 1|a{x=""} 1{n}a 2|a 1{n}a{} 2|a{x="1",y="2"} 1{n}a{y="2",x="1"} 2
a 1{n}b 1{n}a 2|a{le="1"} 1{n}a{le="1.0"} 2|a{job="x"} 1|a{instance="x",job="y"} 1|a 1{r}{n}
a 1{r}|# x{r}{n}a 1|{r}{n}a 1|a{r}1|a 1 5{r}{n}|{n}|{n}{n}|{n}a 1| {n}a 1|{t}{n}a 1|a 1{n} {n}b 1
a 1{n}{n}{n}b 1|a 1;b 2|a 1 b 2|<html>|<!DOCTYPE html>{n}|not found|{"a": 1}|[]|a: 1|a = 1
{"a.b"} 1|{"a.b",x="1"} 1|{x="1","a.b"} 1|{ "a.b" , x="1" } 1 5|{"a.b"}1|a{"x.y"="1"} 1|{""} 1
{"a","b"} 1|a{"b"} 1|{"a" x="1"} 1|{"a",x} 1|{"a",__name__="b"} 1|{} 1|{x="1"} 1|"a" 1
# TYPE "a.b" gauge{n}{"a.b"} 1|# HELP "a.b" x|# TYPE "a.b gauge|{"a{n}b"} 1
"""
_HAND_OPENMETRICS = rb"""
|a 1|a 1{n}{E}|a 1{n}{e}|{E}|{e}|a 1{n}{E}{n}|a 1{n}{E}b 1{n}|a 1{n}{E}{E}|{E}a 1{n}{E}
a 1{n}{n}{E}|{n}{E}
a 1{n}#EOF{n}|a 1{n}# EOFx|a 1{n}#  EOF{n}|a 1{n} # EOF{n}|a 1{n}# EOF |a 1{n}# eof{n}
a 1{n}# EO|a 1{n}# EOF{n}x|a 1{r}{n}# EOF{r}{n}|a 1{n}# EOF{r}{n}|{b}{E}|{0}{E}|a  1;|a{t}1;|a 1 ;
 a 1;|a;|a 1 5;|a 1  5;|a 1 5 ;|a 1 5.5;|a 1 -5;|a 1 +5;|a 1 1e9;|a 1 NaN;|a 1 Inf;|a 1 1e307;
a 1 1e999;|a 1 5 6;|a 1 x;|a 1 0x5;|a NaN;|a nan;|a -NaN;|a +Inf;|a -inf;|a Infinity;|a 1e999;
a 1_0;|a 1.;|a .5;|a .;|a 0x1;|a 1,5;|a -0;|a 007;|a {d};|a-1;|a+1 5;|a.5 1;|a{} 1;|a{}1;|a {} 1;
a{ } 1;|a{x="b"} 1;|a{x="b"}1;|a{x="b"}  1;|a{x="b"} 1 5;|a {x="b"} 1;|a{ x="b"} 1;|a{x ="b"} 1;
a{x= "b"} 1;|a{x="b" } 1;|a{x="b",} 1;|a{x="b",,} 1;|a{,x="b"} 1;|a{,} 1;|a{x="b",y="c"} 1;
a{x="b", y="c"} 1;|a{x="b"y="c"} 1;|a{x="b" y="c"} 1;|a{x} 1;|a{x=b} 1;|a{x="b} 1;
a{x="b"} {y="c"} 1;|a{x="b",x="c"} 1;|a{x="b",x="b"} 1;|a{x="",x="c"} 1;|a{__name__="b"} 1;
{__name__="b"} 1;|a{__x="b"} 1;|a{1x="b"} 1;|a{x:y="b"} 1;|a{="b"} 1;|a{x="\""} 1;|a{x="\\"} 1;
a{x="\n"} 1;|a{x="\t\q"} 1;|a{x="\"} 1;|a{x="}"} 1;|a{x="} 1 # {"} 1;|a{x="{n}"} 1;|a{x="\{n}"} 1;
a{x="{0}"} 1;|a{x="{f}"} 1;|a{x="{u}"} 1;|a{0} 1;|a 1{0};|a 1 5{0};|{0}a 1;|a{x="{t}"} 1;|a{s}1;
a 1{v};|# HELP a x;|# HELP a ;|# HELP a;|# HELP a {0};|# HELP a {f};|# HELP  a x;|#  HELP a x;
# HELP 1a x;|# HELP a-b x;|# HELP a{} x;|# HELP "a" x;|# help a x;|# TYPE a gauge;
# TYPE a counter;|# TYPE a gaugehistogram;|# TYPE a histogram;|# TYPE a info;|# TYPE a stateset;
# TYPE a summary;|# TYPE a unknown;|# TYPE a untyped;|# TYPE a gouge;|# TYPE a Gauge;
# TYPE a gauge ;|# TYPE a  gauge;|# TYPE a gauge histogram;|# TYPE a;|# TYPE a ;|#TYPE a gauge;
# TYPE 1a gauge;|# UNIT a seconds;|# UNIT a_seconds seconds;|# UNIT aseconds seconds;
# UNIT seconds seconds;|# UNIT _seconds seconds;|# UNIT a ;|# UNIT a;|# UNIT a_s  s;|# x;|#;|##;
# ;|#x;|# HELPER a x;|# a HELP x;|x;|<html>;|{"a": 1};|[];|# HELP a x;# HELP a y;a 1;
# TYPE a gauge;# TYPE a counter;a 1;|# UNIT a_s s;# UNIT a_s s;|a 1;# TYPE a gauge;# HELP a x;
a 1;b 1;a 2;|a 1;a 2;|a 1 5;a 2 6;
# TYPE a gauge;a 1;# TYPE b gauge;b 1;# TYPE a gauge;a{x="1"} 1;|# TYPE a counter;a 1;
# TYPE a counter;a_total 1;a_created 2;|# TYPE a_total counter;a_total 1;|# TYPE a info;a 1;
# TYPE a info;a_info 2;|# TYPE a info;a_info{x="1"} 1;|a_created 5;|a_total 1;a_created 5;
# TYPE a counter;a_total -1;|# TYPE a counter;a_total NaN;|# TYPE a stateset;a{a="x"} 2;
# TYPE a stateset;a 1;|# TYPE a histogram;a_bucket{le="1"} 1;
# TYPE a histogram;a_bucket 1;a_count 1;|# TYPE a histogram;a_bucket{le="1"} 2;a_bucket{le="2"} 1;
# TYPE a summary;a{quantile="2"} 1;|# TYPE a gaugehistogram;a_gsum -1;a_gcount 1;
# TYPE a gauge;a_total 1;|# TYPE a counter;# TYPE a_total gauge;a_total 1;
a_bucket{le="1"} 1;a_bucket{le="1.0"} 2;|a_total 1 # {x="b"} 2;|a_total 1 # {x="b"} 2 5;
a_total 1 5 # {x="b"} 2;|a_total 1 5 # {x="b"} 2 5.5;|a_total 1 # {} 2;|a_total 1 # {x="b"};
a_total 1 # {x="b"} ;|a_total 1 # {x="b"} x;|a_total 1 # {x="b"} NaN;|a_total 1 # {x="b"} 1 NaN;
a_total 1 # {x="b"} 1 2 3;|a_total 1 # {x="b"} 1 ;|a_total 1 # {x="b"}1;|a_total 1 # {x} 1;
a_total 1 # {x="b",} 1;|a_total 1 # {x="b",y="c"} 1;|a_total 1 # {x="b",x="c"} 1;
a_total 1 # {x="b"y="c"} 1;|a_total 1 # {"x"} 1;|a_total 1 # {x="{f}"} 1;|a_total 1 # {x="\"}"} 1;
a_total 1 #{x="b"} 1;|a_total 1 # x;|a_total 1 #;|a_total 1 # {x="b"} 1 # {} 1;
a_bucket{le="1"} 1 # {} 1;|a 1 # {x="b"} 1;|a_sum 1 # {} 1;|a_total 1 # {x="b"} 1{r};
a_total 1  # {} 1;|{"a.b"} 1;|{"a.b",x="1"} 1;|{x="1","a.b"} 1;|a{"x.y"="1"} 1;|{"a.b"} 1 5;
{"a.b"}1;|{""} 1;|{"a","b"} 1;|{x="1"} 1;|{} 1;|# TYPE "a.b" gauge;{"a.b"} 1;
"""
_BYTES = {
    b"{n}": b"\n",
    b"{t}": b"\t",
    b"{r}": b"\r",
    b"{0}": b"\0",
    b"{f}": b"\xff",
    b"{u}": "ü".encode(),
    b"{b}": b"\xef\xbb\xbf",
    b"{d}": "٣".encode(),
    b"{s}": b"\xc2\xa0",
    b"{v}": b"\x0b",
    b"{E}": b"# EOF\n",
    b"{e}": b"# EOF",
}


def _by_hand(lines, *, is_openmetrics):
    for text in lines.strip(b"\n").replace(b"\n", b"|").split(b"|"):
        page = text
        if is_openmetrics and page.endswith(b";"):
            page = page.replace(b";", b"\n") + b"# EOF\n"
        for name, value in _BYTES.items():
            page = page.replace(name, value)
        yield page


_LABELS = ["", "", '{x="1"}', '{x="1",y="a b"}', '{x="\\n"}', "{}", '{x="a\\"b",}', '{ x="1" }']
_VALUES = ["1", "0.5", "-3e4", "NaN", "+Inf", "7", "1e5"]
_ENDS = {True: ["", "", " 1.5", ' # {t="1"} 2', " 2 # {} 1"], False: ["", "", " 17", " ", "\t3 "]}
_MORE = [
    b" ",
    b"\t",
    b"\n",
    b'"',
    b"{",
    b"}",
    b",",
    b"=",
    b"#",
    b"\\",
    b"1",
    b"a",
    b"-",
    b".",
    b"_",
]
_MORE += [b"# EOF\n", b"# TYPE ", b"# HELP ", b"\r", b"\0", b"NaN", b" 5", b'x="1"', b"\xff"]


def _at_random(generator, *, is_openmetrics):
    """Return a page that was right before up to three of its bytes were lost or replaced."""
    lines = []
    for number in range(generator.randrange(1, 4)):
        name = f"{generator.choice('abc')}{number}_total"
        kind = generator.choice(["counter", "gauge", "histogram"])
        lines += generator.choice([[], [f"# TYPE {name} {kind}"], [f"# HELP {name} Some text."]])
        labels, value = generator.choice(_LABELS), generator.choice(_VALUES)
        labels = labels.replace(" ", "") if is_openmetrics and labels.startswith("{ ") else labels
        lines.append(f"{name}{labels} {value}{generator.choice(_ENDS[is_openmetrics])}")
    page = "\n".join([*lines, *["# EOF"] * is_openmetrics, ""]).encode()
    for _ in range(generator.randrange(3)):
        at, lost = generator.randrange(len(page)), generator.randrange(3)
        page = page[:at] + generator.choice([b"", *_MORE]) + page[at + lost :]
    return page


def pages(at_random=150):
    """Return pages with their media types, each once: all by hand, and some of each format more."""
    generator = random.Random(19)  # noqa: S311 - not a secret
    found = {(page, TEXT): None for page in _by_hand(_HAND_TEXT, is_openmetrics=False)}
    found |= {
        (page, OPENMETRICS): None for page in _by_hand(_HAND_OPENMETRICS, is_openmetrics=True)
    }
    for media in (TEXT, OPENMETRICS):
        for _ in range(at_random):
            page = _at_random(generator, is_openmetrics=media == OPENMETRICS)
            found[page, media] = None
    return list(found)
