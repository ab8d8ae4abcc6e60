"""Files for the sensor TextFile."""

from collections.abc import Iterable

from fructosa_bridge.translate import text_format
from fructosa_exporter.sources.prom_files import FileRejected, merge_files, parse_file

from ..target import FuzzTarget, expect, repeated


def _promises(data: bytes, result: object) -> None:
    if isinstance(result, FileRejected):
        expect("\n" not in str(result) and len(str(result)) < 1000, "a reason is a short line")
        return
    families, rejected = merge_files({"a.prom": result, "b.prom": result})  # type: ignore[dict-item]
    lines = [line for family in families for line in family.lines]
    expect(bool(rejected) is bool(lines), "a series is in one file")
    page = "".join(f"{line}\n" for line in lines)
    found = list(text_format.samples(page))
    expect(len(found) == len(lines), "what is taken from a file never breaks the page of a node")


def _seeds() -> Iterable[bytes]:
    yield b'# HELP a_b What\\n it is.\n# TYPE a_b gauge\na_b{c="d",e="\\"\\\\\\n"} 1\na_b 2e3\n'
    yield b'# TYPE h histogram\nh_bucket{le="1"} 1\nh_bucket{le="+Inf"} 2\nh_sum 1\nh_count 2\n'
    yield b'# TYPE s summary\ns{quantile="0.5"} NaN\ns_sum 1\n# remark\n\n\tx\t{ }\t+Inf\n'


TARGETS = (
    FuzzTarget(
        name="text-file",
        read=parse_file,
        errors=(FileRejected,),
        promises=_promises,
        seeds=_seeds,
        words=(
            *(
                b"# TYPE ",
                b"# HELP ",
                b" counter\n",
                b" histogram\n",
                b'{le="',
                b'="',
                b'",',
                b"\\n",
            ),
            *(
                b'\\"',
                b"\\\\",
                b" 1\n",
                b" NaN\n",
                b"}",
                b"_bucket",
                b"_total",
                b"fructosa_",
                b"__a",
            ),
            *(b"\xc2\x85", b"\xe2\x80\xa8", b"\x7f", b"\r\n", b" 1 2\n", b"1e999", b"#TYPE"),
        ),
        honest=repeated(lambda n: f'node_thing_bytes{{device="sd{n}"}} {n}.5\n'),
    ),
)
