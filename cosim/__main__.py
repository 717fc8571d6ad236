"""`python -m cosim` is the same as `cosim`."""

from cosim.cli import main

if __name__ == "__main__":
    main()
