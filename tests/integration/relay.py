"""A real carbon-c-relay, which distributes series to carbons by consistent hashing."""

import signal

from .processes import Program, free_port, listens


class CarbonRelay:
    """A carbon-c-relay with a configuration of the test; it can be stopped and restarted."""

    def __init__(self, path, folder, configuration, *arguments):
        self.port = free_port()
        self._path, self._arguments = path, arguments
        self._log = folder / "relay.log"
        self._file = folder / "relay.conf"
        self._file.write_text(configuration.format(port=self.port))
        self.start()

    def start(self):
        """Start it, and wait until it listens."""
        self.program = Program(self._log, self._path, "-f", self._file, *self._arguments)
        self.program.wait(lambda: listens(self.port))

    def end(self, number=signal.SIGTERM):
        """End it."""
        self.program.end(number)
