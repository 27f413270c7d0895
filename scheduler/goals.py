"""Which way a metric is better, in the words of experiment files, sweep files and metric logs."""

MINIMIZE, MAXIMIZE = GOALS = ("minimize", "maximize")


def opposite(goal: str) -> str:
    return MINIMIZE if goal == MAXIMIZE else MAXIMIZE
