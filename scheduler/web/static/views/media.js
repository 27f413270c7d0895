// What runs have shown beside numbers: images, predictions and other tables, histograms, files; runs side by side, step by step.

import { atNextFrame, fill, h, select, slider } from "../dom.js";
import { bytes, number, plural } from "../format.js";
import { heat } from "../heat.js";
import { runLink } from "../parts.js";
import { steps } from "../series.js";
import { picture, shownTable } from "../shown_table.js";

const BESIDE = [1, 2, 3, 4, 6, 8]; // how many runs may stand side by side
const KINDS = ["images", "tables", "histograms", "files"];
const PAUSE = 5000; // milliseconds between two questions about a run that goes on
const FILES = 50; // of a run that are listed

export const media = {
  id: "media",
  title: "Media",

  has(page) {
    return page.runs.some((run) => run.media);
  },

  mount(root, page) {
    const view = new Media(root, page);
    return (what) => view.update(what);
  },
};

class Media {
  constructor(root, page) {
    Object.assign(this, { page, from: 0, runs: [], answers: new Map(), known: new Map() });
    this.controls = h("div", { class: "controls" });
    this.said = h("p", { class: "soft", "aria-live": "polite" });
    this.body = h("div", null);
    fill(root, this.controls, this.said, this.body);
    this.later = atNextFrame(() => this.draw());
    this.ask();
  }

  update(what) {
    if (["runs", "shown", "open", "side"].includes(what)) this.ask();
    else if (["look", "seen"].includes(what)) this.later();
    else if (what === "focus") {
      const heads = this.body.querySelectorAll("[data-run]");
      for (const head of heads) head.classList.toggle("lit", head.dataset.run === this.page.focus);
    }
  }

  /** Those that have shown something, the open one first. */
  candidates() {
    const { page } = this, open = page.state.get("open");
    const all = page.shown.filter((run) => run.media);
    return [...all.filter((run) => run.id === open), ...all.filter((run) => run.id !== open)];
  }

  async ask() {
    const { page } = this;
    const all = this.candidates(), beside = page.state.get("side");
    this.from = Math.max(0, Math.min(this.from, all.length - 1));
    const wanted = all.slice(this.from, this.from + beside);
    const marks = [...wanted.map(mark), all.length].join("\n");
    if (marks === this.marks) return;
    this.marks = marks;
    const asked = wanted.filter((run) => this.known.get(run.id) !== mark(run));
    const found = await Promise.all(asked.map((run) => page.source.ask("media", run.id)));
    asked.forEach((run, index) => { this.answers.set(run.id, found[index]); this.known.set(run.id, mark(run)); });
    if (marks !== this.marks) return; // others are asked for by now
    this.epochs = page.answer.metrics.includes("epoch") ? (await page.source.curves("epoch")).curves : {};
    this.all = all;
    this.runs = wanted.filter((run) => this.answers.get(run.id));
    this.control();
    this.later();
  }

  /** Steps at which any of these runs has shown something. */
  allSteps() {
    const found = new Set();
    for (const run of this.runs) {
      const { images, tables, histograms } = this.answers.get(run.id);
      for (const each of [...images, ...tables, ...histograms]) if (each.step !== null) found.add(each.step);
    }
    return [...found].sort((one, other) => one - other);
  }

  control() {
    const { state } = this.page, all = this.allSteps(), { all: runs, from } = this;
    const beside = state.get("side"), seen = state.get("seen");
    const place = seen < 0 ? all.length - 1 : Math.max(all.findLastIndex((step) => step <= seen), 0);
    const turn = (by, label) => h("button", {
      type: "button", disabled: by < 0 ? from === 0 : from + beside >= runs.length,
      on: { click: () => { this.from += by; this.ask(); } },
    }, label);
    const told = `${from + 1} to ${Math.min(from + beside, runs.length)} of ${runs.length}`;
    const counts = BESIDE.map((count) => [String(count), String(count)]);
    const last = all.length - 1;
    fill(this.controls,
      last > 0 ? slider("up to step", { min: 0, max: last, step: 1, value: place }, (index) => String(all[index]),
        (index) => state.set("seen", index === last ? -1 : all[index])) : null,
      select("runs side by side", counts, String(beside), (count) => state.set("side", Number(count))),
      runs.length > beside ? h("span", { class: "row" }, turn(-beside, "‹ before"), told, turn(beside, "next ›")) : null);
  }

  draw() {
    const seen = this.page.state.get("seen");
    this.at = seen < 0 ? Infinity : seen;
    fill(this.body, this.images(), this.tables(), this.histograms(), this.files());
    const none = "No run that is shown here has images, tables, histograms or files.";
    this.said.textContent = this.runs.length ? this.leftOut() : none;
  }

  /** What did not fit, in words. */
  leftOut() {
    const left = this.runs.map((run) => this.answers.get(run.id).left_out), { live } = this.page.source;
    const sum = (kind) => left.reduce((total, each) => total + each[kind], 0);
    const told = KINDS.filter(sum).map((kind) => plural(sum(kind), kind.replace(/s$/, "")));
    if (!told.length) return "";
    const why = live ? "there are too many to show" : "a file that is sent has room for 2 MB of pictures and little else";
    const where = `${live ? "" : "`exp-queue ui` shows more of them, and "}\`exp-queue show JOB\` says where all of them lie.`;
    const first = "The last and the first steps come before those between.";
    return `Left out of these runs, since ${why}: ${told.join(", ")}. ${first} ${where}`;
  }

  /** For each name a figure with what each run has of it; `found(answer)` is a list with names and steps. */
  byName(found, make) {
    const names = [...new Set(this.runs.flatMap((run) => found(this.answers.get(run.id)).map(({ name }) => name)))];
    const cell = (name) => (run) => {
      const own = found(this.answers.get(run.id)).filter((each) => each.name === name);
      return own.length ? h("div", { class: "of-run" }, this.head(run), make(own, run, name)) : null;
    };
    return names.map((name) => figure(name, this.runs.map(cell(name))));
  }

  head(run) {
    const { page } = this;
    const swatch = h("span", { class: "swatch" });
    swatch.style.background = page.colour(run);
    const metric = page.objective, best = metric ? page.best(run, metric) : null;
    const told = best === null ? null : h("span", { class: "soft" }, ` ${metric} ${number(best)}`);
    return h("div", { class: "run-head", "data-run": run.id }, swatch, runLink(page, run.id, page.label(run)), told);
  }

  /** The newest that are not after the step; several of one step stand together. */
  newest(own) {
    const last = own.findLast(({ step }) => step === null || step <= this.at);
    return last ? own.filter(({ step }) => step === last.step) : [];
  }

  when(step, run) {
    if (step === null) return "";
    const curve = this.epochs[run.id];
    const index = curve ? steps(curve.at).findLastIndex((at) => at <= step) : -1;
    return `step ${step}${index >= 0 ? `, epoch ${number(curve.last[index])}` : ""}`;
  }

  images() {
    return this.byName(({ images }) => images, (own, run) => {
      const shown = this.newest(own);
      if (!shown.length) return h("p", { class: "soft" }, "nothing yet");
      return shown.map((each) => h("div", null, picture(each, each.caption || each.name),
        h("div", null, each.caption), h("div", { class: "soft" }, this.when(each.step, run))));
    });
  }

  tables() {
    return this.byName(({ tables }) => tables, (own, run) => {
      const shown = this.newest(own);
      if (!shown.length) return h("p", { class: "soft" }, "nothing yet");
      return shown.map((each) => [
        h("div", { class: "soft" }, this.when(each.step, run)), h("div", { class: "scrolled" }, shownTable(each)),
      ]);
    });
  }

  histograms() {
    const make = (own, run, name) => heat(own, this.at, `${name} of ${this.page.label(run)}`);
    return this.byName(({ histograms }) => histograms, make);
  }

  files() {
    const some = this.runs.filter((run) => this.answers.get(run.id).files.length);
    if (!some.length) return null;
    const told = (size) => (size === null ? "is not there any more" : bytes(size));
    const item = ({ name, bytes: size }) => h("li", null, name, h("span", { class: "soft" }, ` ${told(size)}`));
    const list = (files) => h("ul", { class: "files" }, files.slice(0, FILES).map(item),
      files.length > FILES ? h("li", { class: "soft" }, `and ${plural(files.length - FILES, "file")} more`) : null);
    const cell = (run) => h("div", { class: "of-run" }, this.head(run), list(this.answers.get(run.id).files));
    return figure("Saved files", some.map(cell));
  }
}

/** What is another where a run has shown more: of one that runs now and then, of one that is over never again. */
function mark(run) {
  const news = run.state === "running" ? `${run.rows} ${Math.floor(Date.now() / PAUSE)}` : "";
  return `${run.id} ${run.state} ${run.attempt} ${news}`;
}

function figure(name, cells) {
  return h("figure", { class: "media" }, h("figcaption", null, name), h("div", { class: "side" }, cells));
}

