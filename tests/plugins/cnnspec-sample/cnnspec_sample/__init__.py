"""What a stranger can add to cnnspec from a distribution of their own."""
