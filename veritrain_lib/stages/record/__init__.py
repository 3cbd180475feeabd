"""Modules by which the stages store their work in MLflow: runs, results, progress, reviews, batches of rows."""
