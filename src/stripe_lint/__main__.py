"""Lets ``python -m stripe_lint`` do what ``stripe-lint`` does."""

import sys

from stripe_lint.cli import main

if __name__ == "__main__":
    sys.exit(main())
