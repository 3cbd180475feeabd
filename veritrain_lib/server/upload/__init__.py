"""A file of rows from outside, until it is a draft in the record.

reading    bytes in, a table of texts out; says no to whatever is no CSV, JSON Lines or JSON array
matching   which task a table belongs to, by its columns
checking   the rows of a task, or which rows are wrong and why
filing     a draft in the record, and its gate in a process of its own
"""
