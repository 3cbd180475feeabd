"""REST endpoints under /api/v1/reports: reports of experiments (rounds of the improvement loop) as data and files."""
