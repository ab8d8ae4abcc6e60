"""Slurm: what its commands report of jobs, nodes and the scheduler, once for the whole cluster."""
