"""Tunes a language model on this machine by LoRA (Hu et al. 2021, arXiv:2106.09685).

- `parameters`: what the task may set
- `examples`: rows as token ids with the question masked, and what is held out for early stopping
- `work`: the folder of one training: lock, checkpoints that are whole, the finished adapter
- `listening`: what is told while it runs
- `assembling`: the base with its adapters, and transformers' Trainer around it
- `fitting`: one training, from the start or from a checkpoint
- `trainer`: the trainer `lora`
- `fitted`: what it hands back
"""
