"""Plants defects of known kinds and severities into clean rows.

Imports nothing from the library: the code that plants shares nothing with the checks that must find it.
"""
