"""Uploaded files of rows: from the request body to a draft in the record.

receiving  the request body: a file with form fields, or a JSON description
reading    bytes to a table of texts; rejects whatever is not CSV, JSON Lines or a JSON array
matching   the task that a table belongs to, by its columns
checking   the rows of a task, or the wrong rows with reasons
filing     a draft in the record, with a run of its own
drafts     uploads, empty drafts and next versions, made of the modules above
versions   the rows of a dataset's next version
"""
