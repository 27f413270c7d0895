// What runs have shown beside numbers: images, predictions and other tables, histograms, files; runs side by side, step by step.

import { atNextFrame, fill, h, select, slider } from "../dom.js";
import { number, plural } from "../format.js";
import { heat } from "../heat.js";
import { steps } from "../series.js";
import { picture, shownTable } from "../shown_table.js";

const BESIDE = [1, 2, 3, 4, 6, 8]; // how many runs may stand side by side
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
    Object.assign(this, { page, from: 0, answers: new Map() });
    this.controls = h("div", { class: "controls" });
    this.said = h("p", { class: "soft", "aria-live": "polite" });
    this.body = h("div", null);
    fill(root, this.controls, this.said, this.body);
    this.later = atNextFrame(() => this.draw());
    this.ask();
  }

  update(what) {
    if (what === "runs") this.answers.clear();
    if (["runs", "shown", "open", "abreast"].includes(what)) this.ask();
    else if (["look", "seen"].includes(what)) this.later();
    else if (what === "focus") for (const head of this.body.querySelectorAll("[data-run]")) head.classList.toggle("lit", head.dataset.run === this.page.focus);
  }

  /** Those that have shown something, the open one first. */
  candidates() {
    const { page } = this, open = page.state.get("open");
    const all = page.shown.filter((run) => run.media);
    return [...all.filter((run) => run.id === open), ...all.filter((run) => run.id !== open)];
  }

  async ask() {
    const { page } = this;
    const all = this.candidates(), beside = page.state.get("abreast");
    this.from = Math.max(0, Math.min(this.from, all.length - 1));
    const wanted = all.slice(this.from, this.from + beside);
    await Promise.all(wanted.filter((run) => !this.answers.has(run.id)).map(async (run) => this.answers.set(run.id, await page.source.ask("media", run.id))));
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
    const beside = state.get("abreast"), seen = state.get("seen");
    const place = seen < 0 ? all.length - 1 : Math.max(all.findLastIndex((step) => step <= seen), 0);
    const turn = (by, label) => h("button", {
      type: "button", disabled: by < 0 ? from === 0 : from + beside >= runs.length, on: { click: () => { this.from += by; this.ask(); } },
    }, label);
    fill(this.controls,
      all.length > 1 ? slider("up to step", { min: 0, max: all.length - 1, step: 1, value: place }, (index) => String(all[index]),
        (index) => state.set("seen", index === all.length - 1 ? -1 : all[index])) : null,
      select("runs side by side", BESIDE.map((count) => [String(count), String(count)]), String(beside), (count) => state.set("abreast", Number(count))),
      runs.length > beside ? h("span", { class: "row" }, turn(-beside, "‹ before"), `${from + 1} to ${Math.min(from + beside, runs.length)} of ${runs.length}`, turn(beside, "next ›")) : null);
  }

  draw() {
    const seen = this.page.state.get("seen");
    this.at = seen < 0 ? Infinity : seen;
    fill(this.body, this.images(), this.tables(), this.histograms(), this.files());
    this.said.textContent = this.runs.length ? this.leftOut() : "No run that is shown here has images, tables, histograms or files.";
  }

  /** What did not fit, in words. */
  leftOut() {
    const sum = {};
    for (const run of this.runs) for (const [kind, count] of Object.entries(this.answers.get(run.id).left_out)) sum[kind] = (sum[kind] ?? 0) + count;
    const told = Object.entries(sum).filter(([, count]) => count).map(([kind, count]) => `${count.toLocaleString("en")} ${count === 1 ? kind.replace(/s$/, "") : kind}`);
    if (!told.length) return "";
    const why = this.page.source.live ? "there are too many to show" : "this file has room for 2 MB of pictures";
    return `Left out of these runs, since ${why}: ${told.join(", ")}. The last and the first steps are here. `
      + (this.page.source.live ? "All of them lie in the directories of the runs." : "`exp-queue ui` shows more of them, and `exp-queue show JOB` says where they lie.");
  }

  /** For each name a figure with what each run has of it; `found(answer)` is a list with names and steps. */
  byName(found, make) {
    const names = [...new Set(this.runs.flatMap((run) => found(this.answers.get(run.id)).map(({ name }) => name)))];
    return names.map((name) => h("figure", { class: "media" }, h("figcaption", null, name), h("div", { class: "side" }, this.runs.map((run) => {
      const own = found(this.answers.get(run.id)).filter((each) => each.name === name);
      return own.length ? h("div", { class: "of-run" }, this.head(run), make(own, run, name)) : null;
    }))));
  }

  head(run) {
    const { page } = this;
    const swatch = h("span", { class: "swatch" });
    swatch.style.background = page.colour(run);
    const metric = page.objective;
    return h("div", { class: "run-head", "data-run": run.id, on: { mouseenter: () => page.point(run.id), mouseleave: () => page.point(null) } },
      swatch, h("button", { type: "button", class: "link", on: { click: () => page.state.set("open", run.id) } }, page.label(run)),
      metric && page.best(run, metric) !== null ? h("span", { class: "soft" }, ` ${metric} ${number(page.best(run, metric))}`) : null);
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
      return shown.map((each) => h("div", null, picture(each, each.caption || each.name), h("div", null, each.caption), h("div", { class: "soft" }, this.when(each.step, run))));
    });
  }

  tables() {
    return this.byName(({ tables }) => tables, (own, run) => {
      const shown = this.newest(own);
      if (!shown.length) return h("p", { class: "soft" }, "nothing yet");
      return shown.map((each) => [h("div", { class: "soft" }, this.when(each.step, run)), h("div", { class: "scrolled" }, shownTable(each))]);
    });
  }

  histograms() {
    return this.byName(({ histograms }) => histograms, (own, run, name) => heat(own, this.at, `${name} of ${this.page.label(run)}`));
  }

  files() {
    const some = this.runs.filter((run) => this.answers.get(run.id).files.length);
    if (!some.length) return null;
    const list = (files) => h("ul", { class: "files" }, files.slice(0, FILES).map(({ name, bytes }) => h("li", null, name, h("span", { class: "soft" }, ` ${sized(bytes)}`))),
      files.length > FILES ? h("li", { class: "soft" }, `and ${plural(files.length - FILES, "file")} more`) : null);
    return h("figure", { class: "media" }, h("figcaption", null, "Saved files"), h("div", { class: "side" },
      some.map((run) => h("div", { class: "of-run" }, this.head(run), list(this.answers.get(run.id).files)))));
  }
}

function sized(bytes) {
  if (bytes === null) return "is not there any more";
  const unit = bytes >= 2 ** 30 ? [2 ** 30, "GiB"] : bytes >= 2 ** 20 ? [2 ** 20, "MiB"] : bytes >= 2 ** 10 ? [2 ** 10, "KiB"] : [1, "bytes"];
  return `${number(Number((bytes / unit[0]).toPrecision(3)))} ${unit[1]}`;
}
