"""`python -m s11flow` is the command line."""

from s11flow.cli import main

if __name__ == "__main__":
    main()
