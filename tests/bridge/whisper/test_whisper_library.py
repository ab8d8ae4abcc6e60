"""The whisper library, imported without its search for the C library."""

import subprocess
import sys

CODE = """
import ctypes.util, sys

programs, search = [], ctypes.util.find_library
sys.addaudithook(lambda event, words: event == "subprocess.Popen" and programs.append(words[0]))
from fructosa_bridge.whisper.whisper_library import whisper

print(*programs, ctypes.util.find_library is search, callable(whisper.fallocate))
"""


def test_whisper_is_imported_without_a_search_for_the_c_library():
    """Where ldconfig knows no answer, the search would need a folder for temporary files."""
    done = subprocess.run(
        [sys.executable, "-c", CODE], capture_output=True, text=True, timeout=60, check=False
    )

    assert "" == done.stderr
    *programs, is_restored, has_functions = done.stdout.split()
    assert set(programs) <= {"uname"}
    assert ("True", "True") == (is_restored, has_functions)
