"""Row checks, one a file.

Each is `check(rows, context, *, parameter=default, ...) -> Series` of text aligned to `rows.index`: the empty
text is fine, anything else is a machine-readable reason `<check>:<what>[=<detail>]`. A third party's check is
an entry point of the group `veritrain.checks`.
"""
