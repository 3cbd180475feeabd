"""Probe stage: measures how well a model answers development rows, how reliable and fast it is, and what it costs."""
