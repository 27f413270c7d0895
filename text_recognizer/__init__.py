"""Recognisers of handwritten characters and lines: a real training to put in the queue.

`python -m text_recognizer.run_experiment '{"dataset": "GeneratedLines", "network": "line_lstm_ctc"}'` trains one model.
From `scheduler` this package uses the claim on a GPU and the metric log, and nothing else.
"""
