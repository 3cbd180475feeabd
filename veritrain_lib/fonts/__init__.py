"""The typefaces that pictures and documents are set in: those that come with Python packages, and the system's."""
