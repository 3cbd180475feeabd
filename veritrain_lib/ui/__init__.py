"""User interface in notebooks: task overview, model comparison, and widgets to label and review rows."""
