"""Trainers: everything that makes a challenger from rows.

- `base`: the protocols `Trainer` and `Fitted`
- `tfidf_svc`: TF-IDF over words and characters with a linear support vector machine, on this machine's CPU
- `memory`: a translation memory, on this machine's CPU
- `own_trainer`: a user's own scikit-learn estimator, from a Python file beside the task
- `quick`: choice of the fast student that other stages train for checks
- `openai_tuning`: fine-tuning jobs at OpenAI and Azure OpenAI; `lora`: LoRA adapters on this machine
- `parameters`: checks of parameters and rows that trainers share
- `ngram_counts`: cached n-gram counts of texts, for repeated fits on overlapping rows
"""
