"""Which GPUs a job has, how long they were busy, and its energy. Pure.

The way of the data:

    allotted(nodes, jobs, details)      allotments.py: the GPUs of each job by Slurm's index (IDX)
    machine_figures(text)               machine_page.py: totals of a node's GPUs, from its page
    orders.uuids(node, indexes)         gpu_orders.py: which GPUs these indexes are
    meters.add(…)                       meters.py: what the totals grew by while a job ran
    devices.fill(run)                   job_devices.py: the figures of a run, and what is doubtful

What is not certain is not said: the figures of a run are None, and its notes have the reason.
"""
