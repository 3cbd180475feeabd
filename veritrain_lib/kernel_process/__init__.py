"""What runs inside a kernel's process: its program, its standard streams, and the removal of secrets from its messages."""
