"""Whose code may run here.

A model, a rule and a notebook are code: to open one is to run what its author wrote, with all rights of whoever
opens it. Two things run freely: formats that hold no code, and the files of the people who work on this machine.
Whatever else came into the record (`mlruns/`), from whoever, runs only after an admin approved exactly its content.

door        what has to be asked before anything is opened, and what a refusal says
approvals   what was approved, by the digest of its content: files in `.veritrain/approved/`
content     the digest of a file or folder, and a copy of it that nobody else can change
skops_types which classes a skops file names, and which of them hold no code
"""
