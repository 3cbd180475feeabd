"""Creation of a new task from a user's file of rows (`veritrain new-task`).

`source_file` reads the file, `columns` guesses the input and target columns, `language` their languages, `split`
assigns the rows to seed, development, test and pool, `task_template` writes the commented task file, and `make`
runs all these steps.
"""
