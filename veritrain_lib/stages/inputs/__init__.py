"""Modules by which the stages find what they read: tasks, rows of data files, datasets and models by name.

The checks of these inputs are here too: rows that occur in two data files, and rows that must not be sent to a
provider.
"""
