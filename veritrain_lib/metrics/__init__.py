"""Metrics that score a model's answers against references, one metric a file.

- `base`: the protocol `Metric`, `open_metrics` for a task's list, and `row_scores`, the score of each row
- `accuracy`: share of rows answered correctly
- `macro_f1`: the mean over labels of the F1 score
- `contract_rate`: share of responses that comply with the task's output contract (a JSON Schema)
- `bleu`, `chrf`, `ter`: computed by sacrebleu (`sacrebleu_based`), from counts that are summed over rows
  (`count_based`)
- `rouge_l`, `ribes`: common words in order; `word_tokens`: tokenization into words by language
- `term_accuracy`, `number_accuracy`: share of glossary terms and of numbers that the answers keep
- `judged`, `mqm`: ratings by a chat model; `comet`: a neural metric
- `own_metric`: a function in a user's file beside the task
- `mistakes`: rule-based classification of mistakes, for the error analysis
"""
