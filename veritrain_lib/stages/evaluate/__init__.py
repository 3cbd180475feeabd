"""Evaluate stage: compares champion and challenger, and decides whether the challenger is promoted."""
