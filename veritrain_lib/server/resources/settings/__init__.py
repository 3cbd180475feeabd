"""System settings and preferences: /api/v1/settings."""
