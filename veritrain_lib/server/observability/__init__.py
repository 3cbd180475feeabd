"""Observability for operators: structured logs with a request id, and Prometheus metrics.

requests     one log line and one observation a request
request_id   the id of a request, from its sender or made here
templates    the route template of a request, without the ids in its path
logs         every line of the process as JSON
metrics      request counters, and /metrics
gauges       numbers that are read from the record when metrics are requested
"""
