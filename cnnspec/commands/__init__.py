"""The commands of the command line, a few to a file: arguments, words and exit codes only."""
