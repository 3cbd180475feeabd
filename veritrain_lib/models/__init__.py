"""Models: everything that answers rows of a task, from a TF-IDF classifier to a paid chat model.

- `base`: the protocols `Model`, `Scorer` and `SupportsConfidence`, and `open_model`, which opens a model by
  its URI
- `student`, `served`: the scikit-learn student behind `student:FOLDER`. `served` is its prediction code in
  one file without other veritrain imports, which is copied to model servers
- `memory`, `served_memory`: the translation memory behind `memory:FOLDER`, split in the same way
- `chat*`: paid chat models behind `openai:/MODEL` and `azure:/DEPLOYMENT`
- `lora`: local language models with a LoRA adapter behind `lora:FOLDER`
- `sklearn_model`: any fitted scikit-learn estimator, from a user's own trainer or logged by MLflow's client
"""
