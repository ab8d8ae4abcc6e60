"""Slurm's nodes: their states, which targets they are, and what is kept of them."""
