"""The verbs of the command line, one module each (the six stages share one).

`answer` says what every command gives back and how it is printed, `failure` how errors end a process,
`watch` shows progress on standard error. Importing a command loads nothing heavy.
"""
