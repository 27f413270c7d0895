"""WHAT PEOPLE ASK FOR: one verb, one file. Values in, values out; nothing here prints or reads a command line."""
