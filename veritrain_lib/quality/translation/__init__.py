"""Pairs of a text and its translation: alignment, numbers and placeholders, and the direction of each row."""
