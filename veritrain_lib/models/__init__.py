"""Models: everything that answers rows.

- `base`: the protocols `Model` and `Scorer`, and `open_model`, which opens a model by its URI
- `student`: the scikit-learn student behind `student:FOLDER`
- `memory`, `served_memory`: the translation memory behind `memory:FOLDER`, split the same way
- `sklearn_model`: any fitted scikit-learn estimator, from a user's own trainer or logged by MLflow's client
- `served`: the student's prediction code in one file that needs no veritrain, for a model server
"""
