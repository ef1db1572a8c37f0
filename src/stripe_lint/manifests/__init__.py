"""What a project says about the release of ``stripe`` that it runs with: requirements, bounds and locks.

Files are read as data; nothing in them is run, and nothing is asked of any index unless the user wants it.
"""
