"""The part in C; see _fast.c."""

def numbers(
    page: str,
    blocks: tuple[tuple[bytes, bytes], ...],
    count: int,
    is_openmetrics: bool,
    start: int,
    /,
) -> tuple[bytes, int] | None: ...
def frames(
    before: str, paths: tuple[str, ...], after: str, time: int, values: bytes, /
) -> bytes | None: ...
