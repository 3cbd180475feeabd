"""Models, which are versions of registered models: /api/v1/models."""
