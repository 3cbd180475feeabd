"""Liveness and readiness: /api/v1/health."""
