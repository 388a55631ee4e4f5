"""`python -m crossgap` is the `crossgap` command."""

from crossgap.cli import main

if __name__ == "__main__":
    main()
