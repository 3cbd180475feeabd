"""Fine-tuning of a language model on this machine by LoRA (Hu et al. 2021, arXiv:2106.09685).

- `parameters`: the parameters that a task may set
- `examples`: rows as token ids with the question masked, and the rows held out for early stopping
- `work_directory`: the folder of one training: lock, complete checkpoints, the finished adapter
- `training_progress`: progress reports while it runs
- `trainer_setup`: the base with its adapters, and the `Trainer` of transformers
- `fitting`: one training, from the start or from a checkpoint
- `trainer`: the trainer `lora`
- `fitted`: its result
"""
