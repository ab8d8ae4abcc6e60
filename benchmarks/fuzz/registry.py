"""All targets. A worker imports only the module of its own: to instrument all takes its time."""

from .targets import (
    answers,
    commands,
    configs,
    job_pages,
    kept,
    names,
    pages,
    queues,
    requests,
    served,
    slurm,
    text_files,
    whisper_files,
)

_MODULES = (
    *(pages, job_pages, answers, requests, served, queues, kept, names, configs, text_files),
    *(slurm, whisper_files, commands),
)
TARGETS = {one.name: one for module in _MODULES for one in module.TARGETS}
MODULES = {one.name: module.__name__ for module in _MODULES for one in module.TARGETS}
"""The module of each target, by its name."""
