"""Checks whether a task can be run, before anything is executed.

- `check`: runs all checks of a task file; read it first
- `parts`, `own_code`: trainer, teacher, metrics and judge, built-in and from the user's own files
- `suite`: the gate suite
- `contract`: the output contract
- `rows`: the data files
"""
