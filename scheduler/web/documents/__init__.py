"""What the views draw, as plain values for JSON: the answers to the questions that a page asks.

One function per question. A page that is open asks for what it shows; a report has the answers inside. Each file says the shape
of its answer; `static/source.js` is where they arrive. NaN and infinities are the texts "NaN", "Infinity" and "-Infinity".
Times are seconds since 1970, durations seconds.
"""
