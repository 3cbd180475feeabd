"""What the API says of a thing in the record: a run or a version in, the fields of the contract out."""
