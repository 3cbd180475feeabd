"""Fine-tuning of a language model on this machine by LoRA (Hu et al. 2021, arXiv:2106.09685).

- `parameters`: the parameters that a task file may set
- `examples`: rows as token ids with the question masked, and the split into training and held-out examples
- `work_directory`: the folder of one training: lock, complete checkpoints and the finished adapter
- `training_progress`: progress reports of a running training
- `trainer_setup`: the base model with its adapters, and the `Trainer` of transformers
- `fitting`: one training, from the start or from a checkpoint
- `trainer`: the trainer `lora`
- `fitted`: the trained adapter
"""
