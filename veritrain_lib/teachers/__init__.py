"""Teachers: they generate new rows, or choose rows from a pool.

- `base`: the protocol `Teacher`, its request (`TeacherRequest`) and its result (`TeacherResult`)
- `pool`: chooses rows from a pool whose labels are hidden until a row is chosen
- `selection_strategies`: strategies of choosing, as pure functions
- `llm`, `synthesis`: generates rows with a chat model
- `augment`, `variation`: offline variation of human rows
"""
