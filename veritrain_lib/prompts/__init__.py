"""Prompts: Jinja templates with a name and a digest, from the task file or built in.

- `prompt`: what a prompt is, and how it becomes messages
- `find`: which prompt a task uses
- `difference`: two versions side by side
"""
