"""Faults that people ran into, each with what the product must do about it; `make bench-faults` runs them all."""
