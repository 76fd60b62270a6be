"""Run the command line: `python -m cnnspec` is the same program as `cnnspec`."""

from cnnspec.cli import main

if __name__ == "__main__":
    main()
