"""Prompts: Jinja templates with a name and a digest, from the task file or built in.

- `prompt`: a prompt, and its rendering into messages
- `lookup`: selection of the prompt that a task uses
- `difference`: the diff of two versions
"""
