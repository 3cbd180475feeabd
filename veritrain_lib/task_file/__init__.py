"""From a task file to a `Task`: `reading` reads it and collects everything that is wrong with it, `explaining` says it
in words, `files` holds the rules for the files that it names.
"""
