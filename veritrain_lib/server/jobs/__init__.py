"""Work that outlives a request, in processes of its own.

background         starts the job of a run; `server/run_job.py` is that process
run_end            ends a run that was opened for a request
stage_environment  environment variables of such a process: none of the server's secrets
"""
