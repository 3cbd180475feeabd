"""Datasets: /api/v1/datasets."""
