"""What operators see: structured logs with a request id, and Prometheus metrics.

requests     one log line and one observation a request
request_id   the name of a request, from its sender or made here
templates    which route a request went to, without the ids in its path
logs         every line of the process as JSON
metrics      what is counted, and /metrics
gathered     numbers that are read from the record when somebody asks
"""
