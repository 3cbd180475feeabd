"""Checks of the gate, one a file.

A row check is `check(rows, context, *, parameter=default, ...) -> Series` of text aligned to `rows.index`: the empty text
means that the row passes, anything else is a machine-readable reason `<check>:<kind>[=<detail>]`. A check about the
dataset as a whole returns a `DatasetMetric`. A third party's check is an entry point of the group `veritrain.checks`.
"""
