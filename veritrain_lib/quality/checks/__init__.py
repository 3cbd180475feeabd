"""Checks of the gate, one a file; each finds one kind of bad rows.

A row check is a function `check(rows, context, *, parameter=default, ...)` that returns one text a row, a Series
aligned to `rows.index`: "" if the row passes, else a machine-readable reason `<check>:<kind>[=<detail>]`. A check about
the dataset as a whole returns a `DatasetMetric`. Other packages add checks as entry points of the group
`veritrain.checks`.
"""
