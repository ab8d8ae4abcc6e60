"""The whisper library. Import it from here: its own import searches for the C library.

For that, ctypes runs ldconfig and, where that does not know it, a compiler with a temporary file;
if no folder for one can be written, the import fails. Without the search, whisper asks the Python
that runs, which is linked with the C library. We use nothing of it: our files are sparse.
"""

import ctypes.util

_search = ctypes.util.find_library
ctypes.util.find_library = lambda name: None
try:
    import whisper
finally:
    ctypes.util.find_library = _search

__all__ = ["whisper"]
