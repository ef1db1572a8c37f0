"""Turns findings into edits, and edits into bytes that differ nowhere else. The only user of LibCST with the codemods.

A rule records edits on nodes of ``ast`` (``edit``, ``edits``); a plan gathers those that do not disturb each other
(``plan``); a statement that is edited is parsed by LibCST, found again by byte span (``fragments``, ``anchors``),
changed and generated (``rendering``), and spliced into the original bytes (``splices``); guards check the outcome
(``guards``), and ``engine`` drives all that for one file, ``run`` for many.
"""
