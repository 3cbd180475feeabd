"""Readers of tabular files that users bring (CSV, Excel, JSON, Parquet), shared by every command and task file.

`files.read_file` and `files.read_bytes` read CSV (separated by comma, semicolon, tab or bar), JSON Lines, a JSON array,
Excel and Parquet into a `TextTable`, or raise a `FileFault` that names the invalid rows. `exports` handles exports of
annotation tools; `spreadsheet` writes CSV files that people fill in with a spreadsheet program, and reads them back.
"""
