"""Sentence encoders, which turn a text into a vector of fixed length; similar meanings get near vectors.

- `base`: the protocol `Encoder`, and `open_encoder`, which opens one by its name
- `use_multilingual`: the built-in encoder, Google's Universal Sentence Encoder for 16 languages, on a CPU and offline
- `minilm`: an encoder for English, used together with the built-in one
- `joined`: several encoders as one, with their vectors side by side
- `of_task`: which encoder a task's trainer uses
- `vector_store`: vectors on disk by the digest of encoder and text, so that no text is encoded twice
"""
