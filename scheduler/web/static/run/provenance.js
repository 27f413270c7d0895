// Where a run comes from: its code, with what was not committed of it, its Python, its machine.

import { copyButton } from "../csv.js";
import { button, fill, h } from "../dom.js";
import { plural } from "../format.js";
import { pairs, searched, soft, typed } from "./parts.js";

const LINES = 3000; // of a patch, at first

/** Of the latest attempt. `ask("packages")` and `ask("patch")` give what is long, when somebody looks at it. */
export function provenance(origin, run, ask) {
  if (!run.attempt) return soft("It has not begun.");
  if (!origin) return soft("Nothing is known of it here.");
  const machine = [origin.host, origin.kernel, origin.driver && `NVIDIA driver ${origin.driver}`, run.gpu_model];
  return h("div", null,
    pairs([
      ["commit", origin.commit && commit(origin)], ["in", origin.root], ["missing", origin.missing], ["program", run.program],
      ["Python", `${origin.python} ${origin.version}`.trim()], ["machine", machine.filter(Boolean).join(", ")],
    ]),
    origin.dirty && !origin.missing ? folded("What was not committed", async () => patch(await ask("patch"), run)) : null,
    origin.untracked ? folded(plural(origin.untracked, "untracked file"), async () => untracked(await ask("patch"), run)) : null,
    origin.packages ? folded(plural(origin.packages, "package"), async () => packages(await ask("packages"), run)) : null);
}

function commit({ commit: name, branch }) {
  return h("span", null, h("code", null, name.slice(0, 12)), branch ? ` on ${branch} ` : " ", copyButton("copy", () => name));
}

/** Something that is made when it is opened. */
function folded(title, make) {
  const body = h("div");
  let isMade = false;
  const opened = async () => {
    if (isMade) return;
    isMade = true;
    fill(body, await make());
  };
  return h("details", { on: { toggle: opened } }, h("summary", null, title), body);
}

function absent(run, option) {
  return soft("Not in this report; ", typed(run, "show", option), " prints it.");
}

function untracked(found, run) {
  return found?.untracked ? list(found.untracked) : absent(run, "--patch");
}

function list(names) {
  return h("ul", { class: "names" }, names.map((name) => h("li", null, name)));
}

function packages(found, run) {
  if (!found?.packages) return absent(run, "--packages");
  const draw = (wanted) => list(found.packages.filter((name) => name.toLowerCase().includes(wanted)));
  return searched("search the packages", draw, copyButton("copy", () => found.packages.join("\n"))).element;
}

/** A patch with its lines told apart by their first letters, which stay, and by colours. */
function patch(found, run) {
  if (found?.patch === undefined) return absent(run, "--patch");
  const lines = found.patch.replace(/\n$/, "").split("\n");
  const body = h("pre", { class: "patch", tabindex: "0", "aria-label": "patch" }, lines.slice(0, LINES).map(lineOf));
  const more = button(`the other ${plural(lines.length - LINES, "line")}`, () => {
    body.append(...lines.slice(LINES).map(lineOf));
    more.remove();
  });
  return h("div", null, h("div", { class: "controls" }, copyButton("copy", () => found.patch)), body,
    lines.length > LINES ? more : null,
    found.cut ? soft("It goes on; ", typed(run, "show", "--patch"), " prints all of it.") : null);
}

function lineOf(text) {
  const isAbout = /^(diff |index |--- |\+\+\+ |new file|deleted file)/.test(text);
  const kind = isAbout ? "about" : { "+": "added", "-": "removed", "@": "where" }[text[0]] ?? null;
  return h("span", { class: kind }, `${text}\n`);
}
