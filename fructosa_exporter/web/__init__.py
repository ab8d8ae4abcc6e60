"""The HTTP server: connections, requests and responses.

It is written for this project because it has to cost a compute node as little as possible.
``benchmarks/exporter/servers.py`` compares it with other servers.
"""
