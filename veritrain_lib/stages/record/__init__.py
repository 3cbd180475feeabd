"""Modules that stages share to store their work in MLflow: the stage's run, finished work, results, progress, reviews."""
