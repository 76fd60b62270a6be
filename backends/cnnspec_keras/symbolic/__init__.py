"""Keras by symbols: what an emitted function makes is followed without Keras, nothing computed.

`tensors`, `layers`, `own` and `world` stand for what emitted functions use of Keras, `numbers` for
what they use of NumPy; `forms` says which ways of writing come to the same; `graph` is what a
graph's steps do, one by one; `proof` holds the two together.
"""
