"""What is true of the code: names, calls, flow and values. Nothing here knows a rule."""
