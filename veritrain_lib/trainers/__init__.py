"""What makes challengers.

- `base`: the protocols `Trainer` and `Fitted`
- `tfidf_svc`: TF-IDF over words and characters with a linear support vector machine, on this machine's CPU
- `memory`: a translation memory, on this machine's CPU; `quick`: which student is trained on the side
- `parameters`: what trainers check of parameters and rows
- `counting`: n-gram counts of texts, taken once a text however often they are fitted on
"""
