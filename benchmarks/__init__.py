"""Ratios measured in one run, each a command: `python -m benchmarks.<name>`."""
