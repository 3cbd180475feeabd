"""Code that runs inside a Jupyter kernel's process: its program, and the masking of secrets in what it sends."""
