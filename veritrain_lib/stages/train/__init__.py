"""Train stage: trains a challenger on rows that passed the gate, and measures it on development rows."""
