"""The commands of `veritrain`, one module each (the six stages share one).

`main` is the entry point; `output` defines what every command returns and how it is printed, `error_exit` how errors
end the process, `progress` shows progress on standard error. Importing a command loads nothing heavy.
"""
