"""Is this installation sound? `installation` looks at Python and packages, `place` at disk and store,
`parts` at what the project is made of, and `examine` asks all of them. A health check may look at every room.
"""
