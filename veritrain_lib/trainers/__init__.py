"""Trainers: everything that makes a model from training rows, from TF-IDF classifiers to fine-tuning at a provider.

- `base`: the protocols `Trainer` and `Fitted`
- `tfidf_svc`: TF-IDF over words and characters with a linear support vector machine, on this machine's CPU
- `encoder_svc`, `vector_weight`: the same with the vectors of a sentence encoder in addition
- `memory`: a translation memory, on this machine's CPU
- `own_trainer`: a user's own scikit-learn estimator, from a Python file beside the task file
- `quick`: choice of the fast student that other stages train for their checks
- `openai_tuning*`: fine-tuning jobs at OpenAI and Azure OpenAI
- `lora`: LoRA adapters of local language models
- `parameters`: checks of parameters and rows that several trainers share
- `ngram_counts`: cached n-gram counts of texts, for repeated training on overlapping rows
"""
