"""Lets ``python -m stripe_lint`` do what ``stripe-lint`` does."""

from stripe_lint.cli import run_and_exit

if __name__ == "__main__":
    run_and_exit()
