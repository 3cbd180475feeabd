"""The commands of `veritrain`, one module each; the six stages share one.

`main` is the entry point; `output` defines what every command returns and how it is printed, `error_exit` the message
and exit code after an error, `progress` the progress on standard error. Importing a command loads no large library.
"""
