"""The program of a kernel's process, and the removal of secrets from the messages that it sends."""
