"""Reading of tabular files that users bring: one reader for every command, route and task file.

`files.read_file` and `files.read_bytes` read CSV (comma, semicolon, tab or bar), JSON Lines, a JSON array, Excel and
Parquet into a `TextTable`, or raise a `FileFault` that names each invalid row. `exports` handles exports of annotation
tools, `spreadsheet` writes and restores files that people fill in with a spreadsheet.
"""
