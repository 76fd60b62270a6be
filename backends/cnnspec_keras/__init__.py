"""The Keras backend: functional source that a good engineer would have typed, and its model."""
