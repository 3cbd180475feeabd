"""Tables of our own in MLflow's database: what MLflow has no place for.

tables      users, tokens, settings, preferences
session     a session with them
migrate     bring them up to date, or look whether they are
"""
