"""What answers.

- `base`: the protocols `Model` and `Scorer`, and `open_model`, the one opener for a model's address
- `student`: the scikit-learn student behind `student:FOLDER`
- `memory`, `served_memory`: the translation memory behind `memory:FOLDER`, in the same two halves
- `served`: the student's predicting half in one file that needs no veritrain, for a model server
"""
