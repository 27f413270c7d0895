// The table of runs: what differs between them and what came out, in any order, and the means over seeds.

import { chooser } from "../chooser.js";
import { bests, columnsOf, differ, different, sorted, split, usual } from "../columns.js";
import { copyButton, csv, download } from "../csv.js";
import { atNextFrame, button, fill, h, toggle } from "../dom.js";
import { plural } from "../format.js";
import { explained, marksOf, signsOf } from "../marks.js";
import { meansAsText, together } from "../means.js";
import { isOnPaper } from "../paper.js";
import { Rows } from "../rows.js";
import { cellOf, headOf, widthOf, widthOfNames } from "../run_cells.js";
import { drawWithSweeps } from "../sweeps.js";

const HEIGHT = 30; // pixels of a row
const LETTERS = ["0.6rem", "0.52rem", "0.45rem"]; // on paper, the first that fits
const RUN = {
  word: "run", kind: "run", goal: "", title: "in the order of their submission",
  value: (row) => (row.members?.[0] ?? row).number,
};
const RUNS = { ...RUN, word: "runs" };
const STATES = ["columns", "sort", "diff", "by", "beside"];

export const table = {
  id: "table",
  title: "Table",

  has(page) {
    return page.runs.length > 0;
  },

  mount(root, page) {
    const view = new RunTable(root, page);
    return (what) => view.update(what);
  },
};

class RunTable {
  constructor(root, page) {
    Object.assign(this, { page, state: page.state, marks: new Map() });
    this.shown = { columns: [], rows: [], grouped: false, bests: new Map(), all: new Map(), visible: new Set() };
    this.later = atNextFrame(() => this.draw());
    this.build(root);
    this.listen();
    this.draw();
    drawWithSweeps(this);
  }

  build(root) {
    const { page, state } = this;
    this.head = h("thead");
    this.body = h("tbody");
    this.widths = h("colgroup");
    this.sheet = h("table", { class: "wide", "aria-label": "runs" }, this.widths, this.head, this.body);
    const scrolls = { class: "table-box", tabindex: "0", role: "region", "aria-label": "runs, it scrolls" };
    const box = h("div", scrolls, this.sheet);
    this.box = box;
    this.told = h("p", { class: "soft", "aria-live": "polite" });
    this.beside = h("span");
    const columns = () => this.shown.columns.length + 1;
    this.rows = new Rows(box, this.body, { height: HEIGHT, columns, make: (row, index) => this.row(row, index) });
    this.choosers();
    this.diff = toggle("only what differs", state.get("diff"), (on) => state.set("diff", on));
    const text = () => asText(page), save = () => download("runs.csv", text(), "text/csv");
    fill(root,
      h("div", { class: "controls" }, this.columnsBox.box, this.byBox.box, this.diff,
        copyButton("copy as CSV", text), button("download CSV", save), this.beside),
      box, this.told);
  }

  choosers() {
    const { state } = this, usualOnes = button("the usual ones", () => state.set("columns", []));
    this.columnsBox = chooser("columns", () => offered(this.shown.all), () => new Set(this.picked()),
      (word, on) => this.choose(word, on), usualOnes);
    this.byBox = chooser("mean over", () => this.parameters(), () => new Set(state.get("by")),
      (name, on) => state.set("by", [...state.get("by").filter((each) => each !== name), ...(on ? [name] : [])]));
  }

  listen() {
    const { body, page } = this;
    const point = (event) => page.point(this.runAt(event)?.id ?? null);
    body.addEventListener("mouseover", point);
    body.addEventListener("mouseleave", () => page.point(null));
    body.addEventListener("focusin", point);
    body.addEventListener("click", (event) => this.click(event));
    body.addEventListener("keydown", (event) => this.key(event));
  }

  update(what) {
    if (what === "focus") this.light();
    else if (what === "runs") drawWithSweeps(this);
    else if (["shown", "look", ...STATES].includes(what)) this.later();
  }

  light() {
    for (const row of this.rows.made.values()) row.classList.toggle("lit", row.dataset.id === this.page.focus);
  }

  // Which columns there are.

  parameters() {
    const { page, state, shown } = this;
    const several = [...shown.all.values()].filter((each) => each.kind === "parameters" && differ(each, page.filtered));
    const names = new Set([...several.map((each) => each.name), ...state.get("by")]);
    return [...names].map((value) => ({ value, text: value, kind: "" }));
  }

  /** The words of the columns that were chosen, or are there by themselves; what tells groups apart always is. */
  picked() {
    const asked = this.state.get("columns"), { columns, grouped } = this.shown;
    return asked.length ? asked : columns.filter((each) => !grouped || each.statistics).map((each) => each.word);
  }

  choose(word, on) {
    const now = this.picked().filter((each) => each !== word);
    this.state.set("columns", on ? [...now, word] : now);
  }

  // What is drawn.

  draw() {
    const { page } = this;
    this.shown = { ...modelled(page), visible: new Set(page.shown) };
    this.marks = marksOf(this.sweeps);
    this.size();
    this.heads();
    this.rows.set(this.shown.rows);
    fill(this.told, [...sentences(page, this.shown), ...explained(this.shown.rows, this.marks)].join(" "));
    fill(this.beside, this.comparison());
    this.diff.querySelector("input").checked = this.state.get("diff");
    this.columnsBox.draw();
    this.byBox.draw();
    this.fit();
  }

  /** On paper nothing scrolls: smaller letters where there are many columns, and words are broken where even that is too wide. */
  fit() {
    const { sheet, box } = this, fits = () => sheet.offsetWidth <= box.clientWidth;
    sheet.classList.remove("tight");
    sheet.style.removeProperty("--letters");
    if (!isOnPaper()) return;
    const found = LETTERS.find((size) => { sheet.style.setProperty("--letters", size); return fits(); });
    sheet.classList.toggle("tight", !found);
  }

  size() {
    const { sheet, shown } = this;
    const signs = shown.rows.some((row) => this.marks.has(row.id)) ? "◇ " : "";
    const names = widthOfNames(shown.rows, (row) => signs + this.nameOf(row));
    const sizes = [`min(${names}ch, 46vw)`, ...shown.columns.map((column) => `${widthOf(column, shown)}ch`)];
    fill(this.widths, sizes.map((width) => h("col", { style: { width } })));
    sheet.style.width = `calc(${sizes.join(" + ")})`;
    sheet.setAttribute("aria-rowcount", shown.rows.length + 1);
    sheet.setAttribute("aria-colcount", shown.columns.length + 1);
  }

  heads() {
    const { head, shown, state } = this;
    const active = head.contains(document.activeElement) ? document.activeElement.dataset.word : null;
    const columns = [shown.grouped ? RUNS : RUN, ...shown.columns];
    fill(head, h("tr", null, columns.map((column) => headOf(column, shown, (order) => state.set("sort", order)))));
    const again = active && [...head.querySelectorAll("button")].find((each) => each.dataset.word === active);
    again?.focus({ preventScroll: true });
  }

  /** A row: of one run, or of several that are alike. */
  row(row, index) {
    const { page, shown } = this;
    const on = (row.members ?? [row]).filter((run) => shown.visible.has(run)).length;
    const marks = this.state.get("beside").includes(row.id.slice(0, 8));
    return h("tr", {
      "data-id": row.id, "data-state": row.state, "aria-rowindex": index + 2, "aria-selected": marks ? "true" : null,
      class: [row.id === page.focus ? "lit" : "", marks ? "marked" : "", on ? "" : "off"].join(" "),
      style: { height: `${HEIGHT}px` },
    },
    h("th", { scope: "row", class: "first", title: this.titleOf(row) }, h("div", null, this.name(row, on))),
    shown.columns.map((column) => cellOf(column, row, shown.bests)));
  }

  /** What stands first in a row, of whose runs so many are shown. */
  name(row, on) {
    const { page } = this, members = row.members ?? [row];
    const tick = h("input", {
      type: "checkbox", checked: on > 0, "data-part": "tick", "aria-label": `show ${this.nameOf(row)}`,
      on: { change: () => page.hide(members.map((run) => run.id), !tick.checked) },
    });
    tick.indeterminate = on > 0 && on < members.length;
    const swatch = row.members ? null : h("span", { class: "swatch", style: { background: page.colour(row) } });
    const name = h("button", { type: "button", class: "name", "data-part": "name" }, this.nameOf(row));
    return [tick, swatch, signsOf(this.marks.get(row.id)), name];
  }

  nameOf(row) {
    return row.members ? plural(row.succeeded.length, "run") : this.page.label(row);
  }

  titleOf(row) {
    const { page } = this;
    return row.members ? row.members.slice(0, 20).map(page.label, page).join(", ") : `${row.name}, ${row.id.slice(0, 8)}`;
  }

  comparison() {
    const { page, state } = this;
    const marked = page.runs.filter((run) => state.get("beside").includes(run.id.slice(0, 8)));
    if (!marked.length) return h("span", { class: "soft" }, "Ctrl and a click on runs, or the key c, puts them side by side");
    const open = button(`compare ${plural(marked.length, "run")}`, () => state.set("open", marked[0].id));
    open.disabled = marked.length < 2;
    return [open, " ", button("none", () => state.set("beside", []))];
  }

  // The pointer and the keyboard.

  rowAt(event) {
    const id = event.target.closest("tr")?.dataset.id;
    return id === undefined ? undefined : this.shown.rows.find((row) => row.id === id);
  }

  runAt(event) {
    const row = this.rowAt(event);
    return row && !row.members ? row : null;
  }

  click(event) {
    const row = this.rowAt(event);
    if (!row || event.target.closest("input") || String(getSelection())) return;
    if (row.members) this.state.set("open", (row.succeeded.at(-1) ?? row.members.at(-1)).id);
    else if (event.ctrlKey || event.metaKey || event.shiftKey) this.mark(row);
    else this.state.set("open", row.id);
  }

  key(event) {
    const row = this.rowAt(event), step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (event.key === "c" && row && !row.members && !event.ctrlKey && !event.metaKey) this.mark(row);
    if (!row || !step) return;
    event.preventDefault();
    const part = `[data-part="${event.target.dataset.part}"]`;
    this.rows.at(this.shown.rows.indexOf(row) + step)?.querySelector(part)?.focus({ preventScroll: true });
  }

  /** Put a run beside others, to compare their configurations, or take it from there. */
  mark(run) {
    const now = this.state.get("beside"), short = run.id.slice(0, 8);
    this.state.set("beside", now.includes(short) ? now.filter((each) => each !== short) : [...now, short]);
  }
}

/** What is shown, with all digits. */
function asText(page) {
  const { columns: found, rows: all, grouped } = modelled(page);
  return grouped ? meansAsText(found, all) : csv(["id", "name", ...found.map((each) => each.word)],
    all.map((run) => [run.id, run.name, ...found.map((each) => each.value(run))]));
}

/** What the table has to show: its columns, its rows in their order, and the best values. */
function modelled(page) {
  const { state } = page, runs = page.filtered;
  const all = columnsOf(page);
  const words = state.get("columns").filter((word) => all.has(word));
  const asked = words.length ? words.map((word) => all.get(word)) : null;
  const by = state.get("by").filter((name) => page.answer.parameters.includes(name));
  if (by.length) {
    const found = together(page, all, runs, by, asked);
    const first = found.columns.find((each) => each.statistics);
    const own = first ? `${first.word}:${first.goal === "maximize" ? "max" : "min"}` : "";
    const known = [...found.columns, RUNS].some((each) => each.word === split(state.get("sort"))[0]);
    const order = known ? state.get("sort") : own;
    const rows = sorted(found.rows, [...found.columns, RUNS], order);
    return { all, grouped: true, by, order, columns: found.columns, rows, bests: bests(rows, found.columns) };
  }
  const columns = state.get("diff") ? different(page, all, runs, asked) : asked ?? usual(page, all, runs);
  const order = state.get("sort");
  const rows = sorted(runs, [...all.values(), RUN], order);
  return { all, grouped: false, order, columns, rows, bests: bests(rows, columns) };
}

function offered(all) {
  return [...all.values()].map(({ word, kind }) => ({ value: word, text: word, kind }));
}

/** What has to be said of the table. */
function sentences(page, { rows, columns, grouped, by }) {
  const marked = columns.filter((each) => each.marked && page.answer.guessed.includes(each.metric)).map((each) => each.metric);
  const best = [...new Set(marked)].map((name) => {
    const which = page.goal(name) === "maximize" ? "largest" : "smallest";
    return `Of ${name} the ${which} value is taken for the best, by its name.`;
  });
  if (!grouped) {
    const alike = page.state.get("diff") && !columns.length && rows.length > 1;
    const none = alike ? [`These ${plural(rows.length, "run")} differ in nothing that is known here.`] : [];
    return [`${plural(rows.length, "run")}, ${plural(columns.length, "column")}.`, ...none, ...best];
  }
  const failed = rows.reduce((sum, row) => sum + row.failed, 0), unfinished = rows.reduce((sum, row) => sum + row.unfinished, 0);
  const counts = [failed ? `${failed} that did not succeed` : "", unfinished ? `${unfinished} that are not over` : ""];
  const left = counts.filter(Boolean).join(" and ");
  const what = `Mean ± sample standard deviation over ${by.join(", ")}, of each experiment's newest run that succeeded`;
  return [`${what}${left ? `; left out: ${left}` : ""}.`, ...best];
}
