"""Evaluations: /api/v1/evaluations."""
