"""Pages for people.

home         the first screen: /home, and the part of it that follows what runs
files        a run's executed notebook, report and tables, as inert files
under_way    what runs now, and what waits to be started
tasks        each task: its champion and its last rounds
verdicts     what the gate blocked or took out, and by which rule
next_steps   what to do next
links        addresses of runs and files, and moments in words
"""
