"""Checks that decide whose code may run on this machine: approvals of stored code, and a user's own files.

Opening a stored model, rule or notebook can run code of its author, with all rights of the user who opens it. Two
things run without approval: file formats that contain no code, and files of the people who work on this machine.
Anything else in MLflow's tracking store (`mlruns/`) runs only after an admin has approved exactly its content.

door            the check before anything is opened, and the error message of a refusal
approvals       list of approved content by digest, as files in `.veritrain/approved/`
own_code        loads the Python files beside a task: a user's gate rules, trainer, metrics
content_digest  digest of a file or folder, and a private copy that nobody else can change
skops_types     classes that a skops file (a stored scikit-learn model) names, and which of them contain no code
"""
