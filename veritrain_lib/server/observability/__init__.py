"""Logs and metrics for operators: structured logs with a request id, and Prometheus metrics.

requests     middleware that logs and counts each request
request_id   the id of a request, from its header or newly made
templates    the route template of a request, which has no ids in its path
logs         JSON format of the log
metrics      counters of requests, and the route /metrics
job_gauges   numbers of jobs, leases and workers
gauges       numbers that are read from the databases when metrics are requested
"""
