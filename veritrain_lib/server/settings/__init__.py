"""Settings that people change while the server runs, and what obeys them.

sections      the system's settings with their defaults and ranges
supported     which of them nothing obeys
kept          read, changed and reset
preferences   what a person likes
usage         how much room the record takes
connection    a look whether a configured service answers
cleanup       what may go, deleted
"""
