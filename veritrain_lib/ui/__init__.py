"""What people see and use in notebooks: overview, comparison, and widgets for labelling and reviewing rows."""
