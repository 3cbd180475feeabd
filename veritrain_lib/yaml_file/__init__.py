"""YAML reading: plain data only, limited in size, nesting and expansion, with the line of each value.

Open it to change what a YAML file may hold. `read.read_yaml` reads a file, `scalars` interprets plain words, `document`
is the result.
"""
