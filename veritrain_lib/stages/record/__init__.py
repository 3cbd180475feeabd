"""What stages share to be filed in MLflow: the stage's run, finished work, stored results, progress, reviews."""
