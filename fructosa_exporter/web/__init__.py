"""The edge to the network: requests, answers, connections, and the loop that serves them.

A server of our own, because what a compute node pays for it is what this project is about:
``benchmarks/exporter/servers.py`` compares it with others.
"""
