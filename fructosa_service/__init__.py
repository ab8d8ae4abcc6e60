"""What both daemons share: configuration, logs, daemonizing, TLS, users."""

__version__ = "1.0.0"
