"""Types and services that all other packages use.

- `task`: the task, read from one YAML file; `rows`: data files as rows of a task; `records`: types shared by all
  packages
- `registry`: extension points; `digest`: content digests; `errors`: errors that a user can fix
- `project`: folders of the project; `claims`, `liveness`, `lock_file`, `temporary_folders`: several processes in a
  project
- `machine_fault`: faults of the machine in one sentence
"""
