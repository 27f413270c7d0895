"""The live view with keys: a full-screen application in a terminal, over the actions and the report. Needs the extra `ui`."""
