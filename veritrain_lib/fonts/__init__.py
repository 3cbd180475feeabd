"""Fonts for charts and documents: those that come with Python packages, and those of the system."""
