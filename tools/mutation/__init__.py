"""Breaks correct Stripe code mechanically, one mistake at a time, and asks the linter about each mutant."""
