"""The one reader of YAML files: plain data only, bounded in size, nesting and expansion, with the line of every
key and value. Open it to change what a YAML file may hold. `read.read_yaml` reads, `scalars` says what a plain word
means, `document` is what comes out.
"""
