"""Web pages for people.

home         the home page /home, and the part of it that follows running work
files        a run's executed notebook, report and tables, served in a sandbox
running      running and pending runs
tasks        each task with its champion and its last rounds
verdicts     datasets that the gate blocked or rejected rows of, and by which rule
next_steps   suggested next steps
results      results of finished stages
links        URLs of runs and files, and times in words
"""
