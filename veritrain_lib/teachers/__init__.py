"""What writes or chooses data.

- `base`: the protocol `Teacher`, what it is asked (`Request`) and what it hands back (`Written`)
- `pool`: chooses rows from a pool whose labels are hidden until a row is chosen
- `choice`: the ways of choosing, as pure functions
- `augment`: offline variation of human rows
"""
