"""A small IAM in the layout of the real one."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from PIL import Image

WRITERS = {"a01-000u": "000", "a01-003": "001", "b02-010": "002", "c03-000a": "003", "d04-001": "002"}
FORMS = tuple(WRITERS)
TEXTS = ("He said &amp;quot;no&amp;quot;", "and left")
FORM = """<?xml version="1.0" encoding="ISO-8859-1"?>
<form created="1999" height="400" id="{id}" width="300" writer-id="{writer}"><machine-printed-part><machine-print-line text="x"/>
</machine-printed-part><handwritten-part>
<line asy="1" id="{id}-00" text="{texts[0]}"><word id="{id}-00-00" text="He">
<cmp height="30" width="60" x="40" y="100"/></word><word id="{id}-00-01" text="said">
<cmp height="20" width="80" x="120" y="110"/></word></line>
<line id="{id}-01" text="{texts[1]}"><word id="{id}-01-00" text="and"><cmp height="30" width="150" x="50" y="200"/></word></line>
</handwritten-part></form>"""


def small_iam(folder: Path, *, telling: bool = False) -> Path:
    """Five forms of four writers, most at half size as the labs keep them, and the files of two splits; the last form is in no
    list of the first split, and its writer is in its test. `telling`: each text says who wrote it on which form."""
    (folder / "xml").mkdir(parents=True)
    for number, form in enumerate(FORMS):
        texts = [f"{WRITERS[form]} {form} {i}" for i in range(2)] if telling else TEXTS
        xml = FORM.format(id=form, writer=WRITERS[form], texts=texts)
        (folder / "xml" / f"{form}.xml").write_text(xml, encoding="latin-1")
        page = np.full((400, 300), 240, np.uint8)
        for start in range(40, 200, 16):
            page[100:130, start : start + 4], page[200:230, start + 10 : start + 14] = 30, 60
        pictures = folder / ("formsA-D" if number % 2 else "forms")
        pictures.mkdir(exist_ok=True)
        image = Image.fromarray(page)
        (image if number % 2 else image.resize((150, 200))).save(pictures / f"{form}.png")
    task, aachen = folder / "largeWriterIndependentTextLineRecognitionTask", folder / "aachen"
    task.mkdir()
    aachen.mkdir()
    (task / "trainset.txt").write_text("a01-000u-00\na01-000u-01\n")
    (task / "validationset1.txt").write_text("a01-003-00\n")
    (task / "validationset2.txt").write_text("a01-003-01\n")
    (task / "testset.txt").write_text("b02-010-00\nb02-010-01\n")
    for name, forms in (("train", FORMS[2:]), ("val", FORMS[:1]), ("test", FORMS[1:2])):
        (aachen / f"{name}.txt").write_text("\n".join(forms))
    return folder
