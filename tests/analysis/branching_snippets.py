"""Snippets that branch, loop and return, for ``test_control_flow``."""

from __future__ import annotations

from flow_ways import titled

SNIPPETS = titled(
    """
# nothing
pass

# one after another
a()
b()

# if
if maybe():
    a()
b()

# if and else
if maybe():
    a()
else:
    b()
c()

# elif
if maybe():
    a()
elif maybe():
    b()
else:
    c()
d()

# early return
if maybe():
    return a()
b()

# and
if maybe() and maybe():
    a()
else:
    b()

# or
if maybe() or maybe():
    a()
else:
    b()

# not
if not maybe():
    a()
else:
    b()

# mixed condition
if not (maybe() and (risky() or maybe())):
    a()
else:
    b()

# constant conditions
if True:
    a()
else:
    b()
if 0:
    c()
d()

# condition that raises
if risky():
    a()
b()

# for
for _ in some():
    a()
b()

# for and else
for _ in some():
    a()
    if maybe():
        break
else:
    b()
c()

# continue
for _ in some():
    if maybe():
        continue
    a()
b()

# while
while maybe():
    a()
b()

# while and else
while maybe():
    if maybe():
        break
    a()
else:
    b()
c()

# while condition that raises
while maybe() and risky():
    a()
b()

# endless loop
while True:
    a()
    if maybe():
        break
    b()
c()

# endless loop with return
while 1:
    a()
    if maybe():
        return
    b()

# endless loop has no else
while True:
    if maybe():
        break
else:
    a()
b()

# loop that never runs
while False:
    a()
else:
    b()
c()

# nested loops
for _ in some():
    while maybe():
        break
    else:
        continue
    a()
b()

# return in a loop
for _ in some():
    return a()
b()

# match
match [maybe(), maybe()]:
    case [True, _]:
        a()
    case [_, True]:
        b()
c()

# match with a default
match maybe():
    case True:
        return a()
    case _:
        b()
c()

# match with a name
match maybe():
    case True:
        a()
    case other:
        b()
c()

# match with guards
match 1:
    case 1 if maybe():
        a()
    case _ if maybe():
        b()
c()

# match of something that fails
match risky():
    case _:
        a()
b()

# inner function
def inner():
    a()
b()

# inner class
class Inner:
    pass
b()

# async for
async for _ in some_async():
    a()
    if maybe():
        break
else:
    b()
c()
"""
)
