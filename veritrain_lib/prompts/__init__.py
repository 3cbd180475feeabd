"""Prompts for chat models: Jinja templates, each with a name and a digest, from the task file or built in.

- `prompt`: a prompt, and how it is rendered into chat messages
- `lookup`: choice of the prompt that a task uses
- `difference`: the diff of two versions of a prompt
"""
