"""What each job used: read from nodes, joined with Slurm's records, with what is missing.

The way of the data, from a page to the archive:

    parser = JobPageParser()                        page.py; one for all nodes
    ledger = JobLedger(cluster, interval_s)         ledger.py
    ledger.restore(archive.open_runs(), archive.agents(), archive.keys_since(time_s))
    page = parser.parse(text)                       of /jobs?after=N, N = ledger.after(node)
    ledger.see_page(node, page, now_s)
    ledger.see_jobs(reading.jobs, now_s)            at each reading of Slurm; None ends nothing
    ledger.see_ended(ended, now_s)                  what sacct knows, after lmaster was away
    while batch := ledger.batch(now_s):             each minute; 500 runs a batch
      devices.fill(run)                             job_gpus/job_devices.py; for each run
      rows = rows_of(batch, now_s)                  job_archive/rows.py; in the event loop
      archive.write(rows)                           job_archive/archive.py; in a thread
      ledger.written(batch, now_s)                  or not_written(batch), and no more now

node is Slurm's NodeName of the target: slurm_states/matching.py finds it. A run is asked for with
ledger.find(job_name(text)) while it is in memory, else in the archive; job_archive/views.py shows
both alike. All of this room is pure: it knows no clock, disk or network.

What is not certain is not said: a total is at least what was used, unknown is None, and coverage
tells which share of a run's time its figures are of. Two runs of one job whose starts are less than
an interval apart can be taken for one another if the agent was restarted between them.
"""
