"""What a network costs, as a table for people and as data for programs."""
