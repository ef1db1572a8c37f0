"""What is known of Stripe, generated from the released ``stripe`` packages by the programs in ``tools/``.

What no package tells is in tables: ``milestones``, ``request_methods``, ``request_parameters``. Tests compare the first
two with the generated data, and with what the installed release does.

The linter never imports ``stripe``: whoever is checked may have any release of it, or none. Nothing is read before the
first question.
"""
