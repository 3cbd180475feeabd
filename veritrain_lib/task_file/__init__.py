"""Reading of task files into a `Task`, with all mistakes collected.

`reading` reads a file and collects its mistakes; `explaining` describes validation errors in words; `files`
has the rules for the files that a task names.
"""
