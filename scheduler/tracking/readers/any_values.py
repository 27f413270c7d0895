"""Which numbers a printed line gives, whatever their names: pure, from texts alone.

Nobody has said what is wanted, so only what a person would want to see as a column is taken: `loss=0.5`, `Test accuracy: 98%`,
a printed dict. Not taken is what only looks like it: times, URLs, `host:8080`, `train.py:12`, what a model says of its layers
(`Linear(in_features=784)`), percentages of progress bars, counts of things (`train: 50000 images`), variables of the
environment, versions, seeds, sizes.
"""

from __future__ import annotations

import re

from scheduler.tracking.readers.printed_values import ANY_NAME, number_of

MOST = 24  # pairs of a line; one that has more is a whole configuration

_ADDRESS = re.compile(r"\b[a-z][a-z0-9+.-]*://\S+", re.ASCII)
_CALL = re.compile(r"""(\w["']?\s*[:=]\s*)?\b[A-Z]\w*\([^()]*(?:\)|$)""", re.ASCII)  # what a layer says of itself; or a value
_QUALIFIER = re.compile(
    r"(?<![\w./-])(train(?:ing)?|val(?:id(?:ation)?)?|test(?:ing)?|eval(?:uation)?|dev|best|final|mean|avg|average|running)[ ]$",
    re.IGNORECASE | re.ASCII,
)
_IS_COUNT = re.compile(r"\s+[A-Za-z][\w./-]*(?!\s*[:=\w./-])")  # a word that has no value of its own
_FILE = re.compile(
    r"\.(?:py|txt|log|jsonl?|ya?ml|csv|tsv|pt|pth|ckpt|safetensors|h5|npz?|zip|gz|so|c|cc|cpp|cu|sh)$", re.IGNORECASE
)
_VARIABLE = re.compile(r"[A-Z0-9]+(?:_[A-Z0-9]+)+")
_EXCEPTION = re.compile(r"\w*[a-z](?:Error|Warning|Exception|Interrupt|Exit)|\w*\.\w*(?:Error|Warning|Exception)")
_STATES = re.compile(r"epochs?|steps?|iter(?:ation)?s?|batch(?:es)?", re.IGNORECASE)
_NEVER = re.compile(
    r"version|seed|pid|tid|port|(?:world_|batch_)?size|(?:local_|node_)?rank|(?:total_)?params|parameters|shape|dim|line|lineno|"
    r"(?:error_)?code|status|level|info|debug|warn(?:ing)?|not(?:e|ice)|critical|fatal|trace|date|time|datetime|timestamp|elapsed|"
    r"eta|remaining|duration|took|id|uu?id|index|idx|slot|job|attempt|v_num|progress|(?:down|up)?load(?:ing)?|host|node|address|"
    r"[gc]pus?|cuda|devices?|cores|(?:num_)?(?:threads|workers)|python|torch|driver|us(?:ing|ed)|(?:\w+_)?epochs|total|"
    r"(?:total|max|num)_steps|patience|retries|"
    r"(?:ba|da|a|k|z)?sh"  # a shell that names a line of its script
)


def any_values_in(line: str) -> dict[str, float]:
    """The numbers that a line gives by name; of several for one name the first. A word before the name that tells it from
    another, such as `Test`, belongs to it.

    >>> any_values_in("Epoch 3/10 12:30:05: loss=0.5, Test accuracy: 98% (see http://a.org/?x=1)")
    {'loss': 0.5, 'Test_accuracy': 98}
    >>> any_values_in("(fc): Linear(in_features=784, bias=True)"), any_values_in("serving on localhost:8080, port: 80")
    ({}, {})
    """
    text = _ADDRESS.sub(" ", line)
    if "(" in text:
        text = _CALL.sub(lambda call: call[0] if call[1] else " ", text)
    pairs = list(ANY_NAME.finditer(text))
    found: dict[str, float] = {}
    for match in pairs if len(pairs) <= MOST else ():
        if _is_metric(match, text):
            found.setdefault(_named(match, text), number_of(match))
    return found


def _named(match: re.Match[str], text: str) -> str:
    before = None if _STATES.fullmatch(match["name"]) else _QUALIFIER.search(text, 0, match.start())
    return f"{before[1]}_{match['name']}" if before else match["name"]


def _is_metric(match: re.Match[str], text: str) -> bool:
    name = match["name"].rstrip("./-")
    last = re.split(r"[./]", name.lower())[-1]
    if _NEVER.fullmatch(last) or _FILE.search(name) or _VARIABLE.fullmatch(name) or _EXCEPTION.fullmatch(name):
        return False
    return _is_value(match, text)


def _is_value(match: re.Match[str], text: str) -> bool:
    """Whether the number is one that was computed, and not counted, addressed or drawn."""
    if not (number := match["bare"]):
        return True
    after = text[match.end("bare") : match.end("bare") + 40]
    if after.startswith("%"):
        return not after[1:].lstrip().startswith(("|", "\u2501", "\u2588", "["))  # the beginning of a bar
    if not number.lstrip("+-").isdecimal():
        return True
    sign = text[match.end("name") : match.start("bare")]
    return sign != ":" and not _IS_COUNT.match(after)
