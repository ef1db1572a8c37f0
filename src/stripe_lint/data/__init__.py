"""What is known of Stripe, generated from the released ``stripe`` packages by the programs in ``tools/``.

The linter never imports ``stripe``: whoever is checked may have any release of it, or none. Nothing is read before the
first question.
"""
