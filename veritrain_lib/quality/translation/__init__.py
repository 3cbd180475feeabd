"""Checks of translation pairs (a text and its translation), and the translation direction of each row."""
