"""Teachers: everything that supplies new training rows, by generating them or choosing them from a pool.

- `base`: the protocol `Teacher`, its request (`TeacherRequest`) and its result (`TeacherResult`)
- `pool`: chooses rows from a pool; the label of a row stays hidden until the row is chosen
- `selection_strategies`: strategies of choosing rows, as pure functions
- `llm`, `synthesis`: a chat model writes rows
- `augment`, `variation`: variations of human rows, made without a model
"""
