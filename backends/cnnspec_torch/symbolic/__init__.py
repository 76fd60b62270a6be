"""PyTorch by symbols: what an emitted class does is followed without torch, and nothing computed.

`tensors`, `functions`, `modules` and `layers` stand for what emitted classes use of torch; `forms`
says which ways of writing come to the same; `graph` is what a graph's steps do, one by one; `proof`
holds the two together.
"""
