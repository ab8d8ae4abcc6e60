"""Hostile nodes whose HTTP is right, and whose pages are not."""

from functools import cache

from .answering import MIB, Answer, Exchange

_CHURN = 5_000
_PAGE = 16 * MIB - 4096  # within page limit


async def huge_label(exchange: Exchange) -> None:
    """Send one label that fills the page."""
    await exchange.page(_one_label(_PAGE))


async def growing_label(exchange: Exchange) -> None:
    """Send a label of four megabytes that is another one at each scrape."""
    await exchange.page(b'a{x="%d%b"} 1\n' % (exchange.number, b"y" * 4_000_000))


async def label_bomb(exchange: Exchange) -> None:
    """Send the same label in sixteen kilobytes of gzip."""
    await exchange.bomb(_one_label(_PAGE))


async def feed_bomb(exchange: Exchange) -> None:
    """Send empty lines in gzip."""
    await exchange.bomb(b"\n" * _PAGE)


async def quoted_feeds(exchange: Exchange) -> None:
    """Send a label of line feeds that never ends."""
    await exchange.page(b'a{x="' + b"\n" * (4 * MIB))


async def open_quotes(exchange: Exchange) -> None:
    """Send escapes in a label that never ends."""
    await exchange.page(b'a{x="' + b'\\"' * (2 * MIB))


async def many_labels(exchange: Exchange) -> None:
    """Send as many labels as a page has room for, in one series."""
    await exchange.page(_labels())


async def many_samples(exchange: Exchange) -> None:
    """Send a million samples."""
    await exchange.page(b"a 1\n" * 1_000_000)


async def most_samples(exchange: Exchange) -> None:
    """Send as many samples as sample limit allows, with other labels at each scrape."""
    body = "".join(f'a{{x="{at}.{exchange.number}"}} 1\n' for at in range(99_000))
    await exchange.page(body.encode())


async def new_names(exchange: Exchange) -> None:
    """Send thousands of new metrics at each scrape."""
    first = exchange.number * _CHURN
    await exchange.lines(*(f"new_{number} 1" for number in range(first, first + _CHURN)))


async def new_labels(exchange: Exchange) -> None:
    """Send thousands of new values of a label at each scrape."""
    first = exchange.number * _CHURN
    await exchange.lines(*(f'a{{pid="{number}"}} 1' for number in range(first, first + _CHURN)))


async def new_comments(exchange: Exchange) -> None:
    """Send a page of comments that are others at each scrape."""
    await exchange.page(b"".join(b"#%x.%x\n" % (exchange.number, at) for at in range(500_000)))


async def not_utf8(exchange: Exchange) -> None:
    """Send every byte there is."""
    await exchange.page(bytes(range(256)) * 4096)


async def surrogates(exchange: Exchange) -> None:
    """Send labels that are no UTF-8, in lines that are valid otherwise."""
    await exchange.page(b"".join(b'a{x="\xff\xfe%d"} 1\n' % at for at in range(2000)))


async def huge_numbers(exchange: Exchange) -> None:
    """Send numbers with a million digits, and out of range."""
    await exchange.lines("a 1e999", "b " + "9" * MIB, "c -Inf", "d 0x" + "f" * 1000, "e 1e-999")


async def far_times(exchange: Exchange) -> None:
    """Send time stamps of other centuries."""
    await exchange.lines("a 1 9223372036854775807", "b 1 -9223372036854775808", "c 1 0", "d 1 1")


async def renaming(exchange: Exchange) -> None:
    """Send labels as those of other nodes, with other names."""
    await exchange.lines('ticks{other="1"} 1', 'ticks{part="1",x="2"} 2', "ticks 3", "up 0")


async def foreign_paths(exchange: Exchange) -> None:
    """Send names that would be a file elsewhere."""
    names = ("../../../etc/passwd", "..", "/", "a/../../b", "a\\0b", "x" * 5000, ";tag=x", "a b")
    await exchange.lines(*(f'{{"{name}"}} 1' for name in names))
    await exchange.lines(*(f'a{{x="{name}"}} 1' for name in names))


async def long_names(exchange: Exchange) -> None:
    """Send names that no file system takes."""
    await exchange.lines(*(f"{'n' * length} 1" for length in (255, 256, 4096, 100_000)))


async def job_rubbish(exchange: Exchange) -> None:
    """Send lines that look like those of jobs."""
    await exchange.lines(
        *(f'fructosa_slurm_job_cpus{{jobid="{exchange.number}.{at}"}} x' for at in range(20_000)),
        'fructosa_slurm_jobs_info{instance="',
    )


async def exemplars(exchange: Exchange) -> None:
    """Send OpenMetrics with exemplars of many labels."""
    labels = ",".join(f'l{at}="{exchange.number}"' for at in range(50_000))
    body = f"# TYPE a counter\na_total 1 # {{{labels}}} 1\n# EOF\n"
    await exchange.page(body.encode(), media="application/openmetrics-text; version=1.0.0")


async def other_errors(exchange: Exchange) -> None:
    """Send a page that is refused for another reason each time, with control characters."""
    await exchange.lines(f"\x1b[31m{exchange.number}\x07 not a sample")


async def flapping(exchange: Exchange) -> None:
    """Send a right page and a wrong one in turn."""
    await exchange.lines("a 1" if exchange.number % 2 else "a a a")


@cache
def _one_label(size: int) -> bytes:
    return b'a{x="' + b"y" * size + b'"} 1\n'


@cache
def _labels() -> bytes:
    return b"a{" + b",".join(b'l%d=""' % at for at in range(1_300_000)) + b"} 1\n"


BAD_PAGES: tuple[Answer, ...] = (
    *(huge_label, growing_label, label_bomb, feed_bomb, quoted_feeds, open_quotes, many_labels),
    *(many_samples, most_samples, new_names, new_labels, new_comments, not_utf8, surrogates),
    *(huge_numbers, far_times, renaming, foreign_paths, long_names, job_rubbish, exemplars),
    *(other_errors, flapping),
)
