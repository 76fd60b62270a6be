"""What can be said of a graph without running it: one analysis a file, exact integers."""
