"""Benchmarks: claims measured in one run, each a command: `python -m benchmarks.<name>`."""
