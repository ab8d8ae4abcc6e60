"""The archive of jobs on disk: written by one lmaster, read also while it is down.

    archive = JobArchive(folder)                 archive.py: open(), write(rows), close()
    archive.expire(before_s, keep_bytes)         until it returns 0
    backup(archive.path, to)                     archive_file.py
    reader = ArchiveReader(archive.path)         look_ups.py
    reader.find(job_name(text))                  all runs of a job, as people write its id
    reader.runs(JobQuery(user=..., node=...))    the newest first
    reader.details(run)                          figures by node, and curves
    view(run, now_s), details(run, now_s)        views.py: the same of a run in memory
    record(run_view, runs)                       record.py: as JSON

Each call of a reader opens the file; it raises ArchiveError, whose message says what to do.
"""
