"""The data sets, models and networks by name: an explicit list, with the names of older experiments as aliases.

Reading a name imports nothing heavy: an entry says where its code lives, and `Entry.load` fetches it.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from text_recognizer.data.options import (
    CharacterOptions,
    EmnistLines2Options,
    EmnistLinesOptions,
    EmnistOptions,
    IamMixedOptions,
    IamOptions,
    IamParagraphOptions,
    LineFolderOptions,
    LineOptions,
    LinePagesOptions,
    MnistOptions,
)
from text_recognizer.errors import ExperimentError, nearest
from text_recognizer.models.options import (
    LenetOptions,
    LineCnnLstmOptions,
    LineCnnOptions,
    LineCnnSimpleOptions,
    LineCnnTransformerOptions,
    LineColumnsOptions,
    LineLstmOptions,
    MlpOptions,
    ResnetTransformerOptions,
)
from text_recognizer.options import Options
from text_recognizer.training.options import LineTrainOptions, TrainOptions

CHARACTERS, LINES = "characters", "lines"
FRAMES, TOKENS, WINDOWS = ("frames",), ("tokens",), ("windows",)


@dataclass(frozen=True)
class Entry:
    """Something with a name: what it reads (`characters` or `lines`), its keys, and its code as `module:function`.

    `objective` is the figure that ranks the experiments of a model, and whether to "maximize" or to "minimize" it.
    `answers` says how a network of lines answers, and its model expects it to: in `frames` (CTC), in `tokens`, or in `windows` of
    a character each; of a network that can do several, the usual one first; empty for whatever leaves it open.
    """

    name: str
    reads: str
    options: type[Options]
    code: str
    aliases: tuple[str, ...] = ()
    objective: tuple[str, str] | None = None
    answers: tuple[str, ...] = ()

    def fits(self, other: Entry) -> bool:
        """Whether the two can be of one experiment."""
        open_to_all = not (self.answers and other.answers)
        return self.reads == other.reads and (open_to_all or bool({*self.answers} & {*other.answers}))

    def load(self) -> Callable[..., Any]:
        """The code itself; this is where torch or numpy may be imported."""
        module, name = self.code.split(":")
        return getattr(importlib.import_module(module), name)


@dataclass(frozen=True)
class Catalog:
    """Entries of one sort; `noun` is the word for them in messages, and the key in an experiment."""

    noun: str
    entries: tuple[Entry, ...]

    def find(self, name: object, beside: Sequence[Entry] = ()) -> Entry:
        """The entry with this name or alias; of several, the first that fits these others. Raises ExperimentError for another."""
        found = [e for e in self.entries if name in (e.name, *e.aliases)]
        if not found:
            names = [known for e in self.entries for known in (e.name, *e.aliases)]
            raise ExperimentError(f'unknown {self.noun} "{name}"; {nearest(str(name), names)}')
        return next((e for e in found if all(e.fits(other) for other in beside)), found[0])

    def first(self, others: Sequence[Entry]) -> Entry:
        """The default beside these other entries: of those that fit them all the one that they answer to first."""
        fitting = [e for e in self.entries if all(e.fits(other) for other in others)]
        return min(fitting, key=lambda e: max((_rank(e, other) for other in others), default=0))


def _rank(one: Entry, other: Entry) -> int:
    """How far behind in the list of the other is what the two have in common."""
    return min((i for i, answer in enumerate(other.answers) if answer in one.answers), default=0)


def _line_network(name: str, options: type[Options], code: str, answers: tuple[str, ...], *aliases: str) -> Entry:
    return Entry(name, LINES, options, f"text_recognizer.models.{code}", aliases, answers=answers)


DATASETS = Catalog(
    "dataset",
    (
        Entry(
            "GeneratedCharacters",
            CHARACTERS,
            CharacterOptions,
            "text_recognizer.data.characters:generated_characters",
            ("generated_characters", "FakeImageData"),
        ),
        Entry("GeneratedLines", LINES, LineOptions, "text_recognizer.data.lines:generated_lines", ("generated_lines",)),
        Entry("LineFolder", LINES, LineFolderOptions, "text_recognizer.data.line_folder:line_folder", ("line_folder",)),
        Entry("MNIST", CHARACTERS, MnistOptions, "text_recognizer.data.mnist:mnist"),
        Entry("EMNIST", CHARACTERS, EmnistOptions, "text_recognizer.data.emnist:emnist", ("EmnistDataset",)),
        Entry(
            "EMNISTLines",
            LINES,
            EmnistLinesOptions,
            "text_recognizer.data.emnist_lines:emnist_lines",
            ("EmnistLinesDataset",),
        ),
        Entry("EMNISTLines2", LINES, EmnistLines2Options, "text_recognizer.data.emnist_lines:emnist_lines2"),
        Entry("LinePages", LINES, LinePagesOptions, "text_recognizer.data.line_pages:line_pages", ("line_pages",)),
        Entry("IAMLines", LINES, IamOptions, "text_recognizer.data.iam:iam_lines", ("IamLinesDataset",)),
        Entry(
            "IAMParagraphs",
            LINES,
            IamParagraphOptions,
            "text_recognizer.data.iam_paragraphs:iam_paragraphs",
            ("IamParagraphsDataset",),
        ),
        Entry(
            "IAMOriginalAndSyntheticParagraphs",
            LINES,
            IamMixedOptions,
            "text_recognizer.data.iam_paragraphs:iam_original_and_synthetic",
        ),
    ),
)

MODELS = Catalog(
    "model",
    (
        Entry(
            "CharacterModel",
            CHARACTERS,
            TrainOptions,
            "text_recognizer.models.character_model:CharacterModel",
            ("cross_entropy",),
            objective=("test_accuracy", "maximize"),
        ),
        Entry(
            "LineModelCtc",
            LINES,
            LineTrainOptions,
            "text_recognizer.models.line_model:LineModelCtc",
            ("LineModel", "ctc"),
            objective=("test_cer", "minimize"),
            answers=FRAMES,
        ),
        Entry(
            "LineModelWindows",
            LINES,
            LineTrainOptions,
            "text_recognizer.models.window_model:LineModelWindows",
            ("cross_entropy",),
            objective=("test_cer", "minimize"),
            answers=WINDOWS,
        ),
        Entry(
            "LineModelTransformer",
            LINES,
            LineTrainOptions,
            "text_recognizer.models.writing_model:LineModelTransformer",
            ("TransformerLitModel", "transformer"),
            objective=("test_cer", "minimize"),
            answers=TOKENS,
        ),
    ),
)

NETWORKS = Catalog(
    "network",
    (
        Entry("mlp", CHARACTERS, MlpOptions, "text_recognizer.models.mlp:Mlp", ("MLP",)),
        Entry("lenet", CHARACTERS, LenetOptions, "text_recognizer.models.lenet:Lenet", ("LeNet", "CNN")),
        _line_network("line_lstm_ctc", LineLstmOptions, "line_lstm:LineLstm", FRAMES),
        _line_network("line_columns", LineColumnsOptions, "line_columns:LineColumns", FRAMES, "LineColumns"),
        _line_network("LineCNN", LineCnnOptions, "line_cnn:LineCnn", FRAMES + WINDOWS, "line_cnn", "line_cnn_all_conv"),
        _line_network(
            "LineCNNSimple", LineCnnSimpleOptions, "line_cnn_simple:LineCnnSimple", WINDOWS + FRAMES, "line_cnn_simple"
        ),
        _line_network("LineCNNLSTM", LineCnnLstmOptions, "line_cnn:LineCnnLstm", FRAMES, "line_cnn_lstm"),
        _line_network(
            "LineCNNTransformer", LineCnnTransformerOptions, "line_transformer:LineCnnTransformer", TOKENS, "line_cnn_transformer"
        ),
        _line_network(
            "ResnetTransformer", ResnetTransformerOptions, "line_transformer:ResnetTransformer", TOKENS, "resnet_transformer"
        ),
    ),
)
