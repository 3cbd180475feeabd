"""Veri-Train's own tables in MLflow's database (users, tokens, settings, preferences), and their migrations.

tables       SQLAlchemy definitions of the tables
session      opens a database session
migrate      creates or updates the tables, or checks that they are up to date
preferences  reads and writes the preferences of users
"""
