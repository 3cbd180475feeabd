"""Checks whether a task can be run, before anything is executed.

`parts` checks its components, `suite` its gate suite, `contract` its output contract, `rows` its data; `check` combines
them.
"""
