"""From a user's own rows to a task: `columns` guesses what is asked and answered, `language` in which
language, `split` deals the rows into seed, development, test and pool, `starter` writes the commented task
file, and `make` does all of it.
"""
