"""HTML pages of the server: the home page, and files of runs.

home         /home, and the part of it that is updated while work is running
files        /runs/{run_id}/files/...: a run's executed notebook, report and tables, which can run no code
running      list of running and pending runs
tasks        list of tasks with their champion and last rounds
verdicts     list of datasets that the quality gate blocked or from which it rejected rows
next_steps   list of suggested next steps
results      reads the results of finished stages
links        URLs of runs and files, and times in words
"""
