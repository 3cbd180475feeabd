"""Background jobs of the server: work that outlives a request and runs in a process of its own.

background         starts the process for the job of an MLflow run (its program is `server/run_job.py`)
run_end            does a job's work and closes its MLflow run with the outcome
stage_environment  chooses the environment variables of such a process, without the server's secrets
"""
