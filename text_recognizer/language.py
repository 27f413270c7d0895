"""`python -m text_recognizer.language CHECKPOINT [TEXT ...]`: makes the language model of a checkpoint of lines anew.

Exit status: 0 made, 1 something is not there or cannot be read, 2 wrong usage.
"""

from __future__ import annotations

import argparse
import sys

from text_recognizer.command import obeyed, print_anyhow

PROGRAM = "python -m text_recognizer.language"


def main(arguments: list[str] | None = None) -> int:
    """Makes it from the texts that the checkpoint was trained on and the given files, and prints the figures."""
    parser = argparse.ArgumentParser(prog=PROGRAM, description="Make the language model of a checkpoint, and calibrate it.")
    parser.add_argument("checkpoint", metavar="CHECKPOINT", help="best.pt of a training on lines, or what --save kept")
    parser.add_argument("texts", nargs="*", metavar="TEXT", help="plain UTF-8 text to learn from as well")
    given = parser.parse_args(arguments)
    return obeyed(PROGRAM, lambda: _make(given.checkpoint, given.texts))


def _make(checkpoint: str, files: list[str]) -> int:
    from text_recognizer.building import data_of
    from text_recognizer.recognizer import Recognizer
    from text_recognizer.training import language_choice, language_file
    from text_recognizer.training.checkpoints import load

    recognizer = Recognizer(checkpoint)
    data = data_of(recognizer.experiment)
    texts = [*data.train.texts, *language_choice.texts_of(files)]
    language, figures = language_choice.adapted(recognizer.model, data.val, texts, recognizer.device)
    place = language_file.save(recognizer.checkpoint, load(recognizer.checkpoint).weights, language)
    print_anyhow(f"made {place}: {language_choice.in_words(language)}")
    print_anyhow("  ".join(f"val_rest_{name} {figure:.4f}" for name, figure in figures.items()))
    return 0


if __name__ == "__main__":
    sys.exit(main())
