"""Experiments, which are rounds of the record: /api/v1/experiments."""
