"""Reports: /api/v1/reports."""
