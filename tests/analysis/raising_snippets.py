"""Snippets in which something may be raised, for ``test_control_flow``: ``try``, ``with``, ``assert``, exits."""

from __future__ import annotations

import sys

from flow_ways import titled

SNIPPETS = titled(
    """
# raise
a()
raise Error
b()

# call that raises
a()
risky()
b()

# except
try:
    a()
    risky()
    b()
except Error:
    c()
d()

# bare except
try:
    risky()
    a()
except:
    b()
c()

# except of another class
try:
    risky()
except KeyError:
    a()
b()

# several handlers
try:
    risky()
except KeyError:
    a()
except Error as error:
    b()
c()

# handler that raises again
try:
    risky()
except Error:
    a()
    raise
b()

# handler that returns
try:
    risky()
except Error:
    return a()
b()

# handler that fails
try:
    risky()
except Error:
    risky()
    a()
b()

# try and else
try:
    risky()
except Error:
    a()
else:
    b()
    risky()
c()

# raise in try
try:
    if maybe():
        raise Error
    a()
except Error:
    b()
c()

# nested try
try:
    try:
        risky()
    except KeyError:
        a()
    b()
except Error:
    c()
d()

# try in handler
try:
    risky()
except Error:
    try:
        risky()
    except Error:
        a()
b()

# finally
try:
    a()
    risky()
finally:
    b()
c()

# except and finally
try:
    risky()
except Error:
    a()
finally:
    b()
c()

# all four
try:
    risky()
except Error:
    a()
else:
    b()
    risky()
finally:
    c()
d()

# handler fails before finally
try:
    risky()
except Error:
    risky()
finally:
    a()
b()

# return through finally
try:
    if maybe():
        return a()
    b()
finally:
    c()
d()

# return in handler through finally
try:
    risky()
except Error:
    return a()
finally:
    b()
c()

# break through finally
for _ in some():
    try:
        if maybe():
            break
        a()
    finally:
        b()
c()

# continue through finally
for _ in some():
    try:
        if maybe():
            continue
        a()
    finally:
        b()
    c()
d()

# break in finally
for _ in some():
    try:
        risky()
    finally:
        if maybe():
            break
    a()
b()

# return in finally
try:
    risky()
    a()
finally:
    return b()

# raise in finally
try:
    return a()
finally:
    risky()
b()

# choice in finally
try:
    risky()
finally:
    if maybe():
        a()
    else:
        b()
c()

# finally in finally
try:
    if maybe():
        return
    a()
finally:
    try:
        risky()
    finally:
        b()
c()

# two finally on the way out
try:
    try:
        if maybe():
            return
        risky()
    finally:
        a()
finally:
    b()
c()

# break leaves only the inner finally
try:
    for _ in some():
        try:
            break
        finally:
            a()
    b()
finally:
    c()

# loop in finally
try:
    risky()
finally:
    for _ in some():
        a()
b()

# loop around try
while maybe():
    try:
        risky()
        break
    except Error:
        a()
else:
    b()
c()

# with
with open_():
    a()
    risky()
b()

# with that fails to open
try:
    with risky():
        a()
except Error:
    b()
c()

# return in with
with open_():
    if maybe():
        return a()
    b()
c()

# suppress
with suppress(Error):
    risky()
    a()
b()

# suppress as an attribute
with contextlib.suppress(Error):
    risky()
    a()
b()

# suppress of another class
with suppress(KeyError):
    risky()
    a()
b()

# suppress among others
with open_(), suppress(Error):
    a()
    risky()
    b()
c()

# return in suppress
with suppress(Error):
    risky()
    return a()
b()

# suppress in a loop
for _ in some():
    with suppress(Error):
        risky()
        break
    a()
b()

# assert
a()
assert maybe()
b()

# assert in try
try:
    assert maybe()
    a()
except AssertionError:
    b()
c()

# assert with two conditions
assert maybe() and maybe()
a()

# sys.exit
if maybe():
    sys.exit(1)
a()

# sys.exit in try
try:
    sys.exit(1)
except Error:
    a()
finally:
    b()
c()

# exit
if maybe():
    exit()
a()

# async with
async with open_():
    a()
    risky()
b()
"""
)
if sys.version_info >= (3, 11):
    SNIPPETS |= titled(
        """
# except*
try:
    risky()
    a()
except* Error:
    b()
c()
"""
    )
