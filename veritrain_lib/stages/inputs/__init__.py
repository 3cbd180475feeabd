"""Modules that stages share to find their inputs: tasks, rows of files, datasets and models by name, privacy, overlap."""
