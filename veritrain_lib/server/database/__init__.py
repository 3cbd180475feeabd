"""Veri-Train's own tables in MLflow's database: what MLflow has no place for.

tables      users, tokens, settings, preferences
session     a database session with them
migrate     create or update them, or check that they are up to date
"""
