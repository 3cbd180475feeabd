"""Types and services that every room uses and that use no room themselves.

- `task`: the task, read from one YAML file; `rows`: a user's files as rows of a task; `records`: types that pass between rooms
- `registry`: extension points; `digest`: content digests; `errors`: errors that a user can mend
- `project`: folders of the project; `claims`, `liveness`, `lock_file`, `temporary_folders`: several processes in one project
- `event_log`: what happens in a run; `machine_fault`: faults of the machine in one sentence
"""
