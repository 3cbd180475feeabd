"""Creation of a new task from a user's file of rows (`veritrain new-task`).

- `make`: runs all steps and writes the task's folder; read it first
- `source_file`: reads the user's file
- `columns`, `language`: guess the input and target columns, and their languages
- `annotators`, `label_spellings`, `balance`: several annotators, several spellings of a label, unequal labels
- `split`: assigns the rows to seed, development, test and pool
- `task_template`, `suite`: the commented task file, and the gate suite of tasks with free-text answers
"""
