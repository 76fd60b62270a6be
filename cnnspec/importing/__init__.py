"""From a model that exists to the spec that a person would have written, and its proof."""
