"""User interface in notebooks: overview of a task, comparison of models, and widgets to label and review rows."""
