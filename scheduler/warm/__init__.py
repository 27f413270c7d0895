"""An interpreter that has imported what a program imports, and from which its jobs are forked: nobody waits for the same imports
twice."""
