"""Safe reading of YAML: plain data only, limited in size, nesting and expansion, with the line of each value.

Open it to change what a YAML file may contain. `read.read_yaml` reads a file, `scalars` interprets plain
words, and `document` is the result.
"""
