"""Finds the mistakes in Stripe integrations that cost money, and repairs them."""

__version__ = "0.1.0"
