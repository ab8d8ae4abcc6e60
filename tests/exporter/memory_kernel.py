"""Files of the kernel in memory: also those that fail to be read, whoever reads them."""

from errno import EAGAIN, EIO, ENODATA

from hypothesis import strategies as st

from fructosa_exporter.kernel import Kernel

# What drivers answer instead of a value, and what is not a number of 64 bits.
ERRORS = [OSError(code, "error") for code in (EAGAIN, EIO, ENODATA)]
BROKEN = st.one_of(
    st.sampled_from([None, PermissionError(13, "denied"), *ERRORS]),
    st.sampled_from([b"", b"\n", b"N/A\n", b"<unknown>\n", b"9" * 5000, b"1.5\n", b"\xff\xfe\0\n"]),
)


class MemoryKernel(Kernel):
    """Reads *files*: their content by path, None for a missing one, or the error of reading it.

    *links* has the actual path of each path that is a link.
    """

    def __init__(self, files, links=None):
        super().__init__("/nowhere")
        self._files = {path: content for path, content in files.items() if content is not None}
        self._links = links or {}

    def content(self, path):
        """Return the content of a file."""
        content = self._files.get(path)
        if content is None:
            raise FileNotFoundError(path)
        if isinstance(content, OSError):
            raise content
        return content if isinstance(content, bytes) else f"{content}\n".encode()

    def listing(self, folder):
        """Return the names in a folder."""
        below = [
            path.removeprefix(f"{folder}/") for path in self._files if path.startswith(f"{folder}/")
        ]
        return list({path.partition("/")[0] for path in below})

    def real_path(self, path):
        """Return where a link leads to."""
        return self._links.get(path, path if self.exists(path) else None)

    def exists(self, path):
        """Return whether there is a file or a folder."""
        return path in self._files or bool(self.listing(path))
