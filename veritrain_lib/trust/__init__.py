"""Rules about whose code may run here.

A model, a rule and a notebook are code: to open one is to run what its author wrote, with all rights of whoever
opens it. Two things run without approval: formats that hold no code, and the files of the people who work on this
machine. Everything else that came into the record (`mlruns/`), from whomever, runs only after an admin approved
exactly its content.

door            the check before anything is opened, and the text of a refusal
approvals       approved content, by digest: files in `.veritrain/approved/`
own_code        the Python files beside a task: a user's gate rules, trainer, metrics
content_digest  the digest of a file or folder, and a copy of it that nobody else can change
skops_types     the classes that a skops file names, and which of them hold no code
"""
