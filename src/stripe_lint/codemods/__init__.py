"""The fixes as commands for ``libcst.tool codemod``: the same engine, the same bytes as ``stripe-lint fix``.

There is one module a rule that has a fix, written by ``tools/gen_codemods.py``; ``command`` is what they share.
"""
