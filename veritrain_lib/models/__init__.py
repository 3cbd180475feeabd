"""What answers.

- `base`: the protocols `Model` and `Scorer`, and `open_model`, the one opener for a model's address
- `student`: the scikit-learn student behind `student:FOLDER`
- `served`: the student's predicting half in one file that needs no veritrain, for a model server
"""
