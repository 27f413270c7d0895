"""What people call jobs: a readable name, unlike that of any other job of the queue.

The name is made of the job's id and number, so every job has one at once, also in an old queue; only another that a person has
chosen is stored.
"""

from __future__ import annotations

import re
import zlib

from scheduler.errors import UserError
from scheduler.queue.states import State

LONGEST = 64  # letters of a name
_ADJECTIVES = """
able agile amber ample ancient apt arctic autumn azure bold brave breezy bright brisk bronze calm careful cheerful civil
clever coral cosmic crimson crisp curious dapper daring deep diligent distant dusty eager early earnest easy elder
elegant fabled fair fancy fast fearless fine fluent fond frank fresh frosty gentle gifted glad golden grand green happy
hardy hearty honest humble icy indigo jade jolly keen kind late lively loyal lucid lucky lunar mellow merry mild modest
neat nimble noble olive opal open patient placid plain polar polite proud quick quiet rapid rare ready regal rosy round
ruby rustic sage scarlet sharp silent silver sleek smart snowy solar solid spry stable steady still sturdy subtle sunny
sure swift tender tidy tranquil true upbeat velvet vivid warm wise witty young zesty
"""
_NOUNS = """
acorn alder anchor antler arrow aspen aurora badger bamboo basin beacon beaver birch bison brook canyon cedar cheetah
cicada cliff clover comet condor coral cove crane creek cricket crow cypress dahlia delta dolphin dove dragonfly dune
eagle egret elk ember falcon fern finch fjord forest fox gecko geyser glacier glade grove gull harbour hare hawk hazel
heather heron hill hornbill ibex ibis iris island ivy jackdaw jaguar jay juniper kestrel kite koala lagoon lake lantern
larch lark laurel lemur lichen lily lion lotus lynx magpie maple marlin marten meadow meteor mink moon moose moss moth
mountain myrtle nebula newt oak oasis ocelot orbit orchid oriole osprey otter owl panther peak pebble pelican petrel
pine planet plover pond poplar prairie puffin quail quartz rabbit raven reef ridge river robin rook salmon seal sequoia
shore shrew sparrow spruce star stork stream summit swan tapir tern thistle thrush tiger trout tulip valley violet vole
walnut walrus waterfall willow wolf wombat wren yak zebra
"""
# Their order is part of every name: neither list is ever changed.
ADJECTIVES, NOUNS = tuple(_ADJECTIVES.split()), tuple(_NOUNS.split())
OWN_FORM = r"([a-z]+)-([a-z]+)-([1-9][0-9]{0,17})"  # a longer number is that of no job
_RENAMED = r"[^\W\d_][\w.-]*"
_HEX = r"[0-9a-f]+"
_FILE = (".yaml", ".yml", ".json", ".toml", ".py", ".sh", ".txt")
PAUSED = "paused"  # no state: what is paused is running
STATES = (*map(str, State), PAUSED)  # as people see them
WORDS = (*STATES, "last", "all")  # that name jobs
TAKEN = {*WORDS, "first", "none", "here", "newest", "latest", "mine"}  # these, and words for a place or a choice


def name_of(job: str, number: int) -> str:
    """The name of the job with this id and number, as long as nobody has chosen another: `eager-falcon-12`."""
    drawn = zlib.crc32(job.encode())
    return f"{ADJECTIVES[drawn % len(ADJECTIVES)]}-{NOUNS[drawn // len(ADJECTIVES) % len(NOUNS)]}-{number}"


def new_name(text: str) -> str:
    """The text, if it may be a job's name whatever else is in the queue. UserError that says why not."""
    if len(text) > LONGEST or not re.fullmatch(_RENAMED, text) or ".." in text:
        what = f"begins with a letter, goes on with letters, digits, -, _ and single dots, and has at most {LONGEST} of them"
        raise UserError(f'"{text}" cannot be a name', next_step=f"a name {what}")
    for why, clashes in (
        ("is a word that names jobs itself", text.lower() in TAKEN),
        ("could be the beginning of an id", bool(re.fullmatch(_HEX, text.lower()))),
        ("looks like a file", text.lower().endswith(_FILE)),
        ("has the form of the names that the queue gives itself, and another job may get it", bool(re.fullmatch(OWN_FORM, text))),
    ):
        if clashes:
            raise UserError(f'"{text}" cannot be a name: it {why}', next_step="choose another, such as baseline or lr-too-high")
    return text
