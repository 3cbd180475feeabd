"""Celery workers that run notebook jobs on several machines; the only package that imports celery.

app            the Celery application and its tasks
called_tasks   tasks that people call by name, as jobs
job_results    their results, read from the table of jobs
slot           one job at a time: heartbeat, limits, cancelling
host           the process in which a worker's jobs run
watch          thread of a worker that sends messages again and ends a worker which no longer gets any
flower         starts Flower, whose pages the server shows
supervise      starts a worker, and starts it again when it ends itself
remote_runner  the runner that a loop gives its stages to, instead of `LocalRunner`
"""
