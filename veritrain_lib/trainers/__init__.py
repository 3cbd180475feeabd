"""What makes challengers.

- `base`: the protocols `Trainer` and `Fitted`
- `tfidf_svc`: TF-IDF over words and characters with a linear support vector machine, on this machine's CPU
"""
