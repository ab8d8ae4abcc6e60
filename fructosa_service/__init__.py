"""What both daemons share: configuration, logs, daemonizing, TLS, users."""

__version__ = "0.9.0"
