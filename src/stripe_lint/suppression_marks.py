"""Whether a text can hold comments that suppress a rule: what is asked of every file, before anything is tokenised."""

from __future__ import annotations

_MARKS = ("stripe-lint:", "stripe-lint :")


def holds_directive(text: str) -> bool:
    """Whether ``text`` can hold one of our own comments; cheap, and right wherever it says no."""
    return "stripe-lint" in text and any(mark in text for mark in _MARKS)


def holds_noqa(text: str) -> bool:
    """Whether ``text`` can hold a ``# noqa`` that names one of our rules."""
    return "STP" in text and "noqa" in text.lower()
