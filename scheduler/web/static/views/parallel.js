// Parallel coordinates: one axis for each parameter that differs, the last for what came out; one line for each run.

import { Axes } from "../axes.js";
import { atNextFrame, fill, h, select } from "../dom.js";
import { plural } from "../format.js";
import { extent, measures, said } from "../measures.js";
import { legend } from "../ramp.js";
import { inside } from "../ranges.js";
import { axisLine, cleared, HEIGHT, strand, yOf } from "../strands.js";
import { drawWithSweeps } from "../sweeps.js";

const NEAR = 14; // pixels from the pointer to a line that it is at
const HINT = "Drag along an axis to choose a range, drag its name to move the axis; a click takes the range away. With keys: Tab "
  + "to an axis, arrows up and down for the range, with Shift for its upper end, Delete; left and right for the next axis, with "
  + "Shift to move it.";

export const parallel = {
  id: "parallel",
  title: "Parameters",

  has(page) {
    const all = measures(page);
    return page.runs.length > 1 && all.some(({ kind }) => kind === "parameter") && all.some(({ kind }) => kind !== "parameter");
  },

  mount(root, page) {
    const view = new Parallel(root, page);
    return (what) => view.update(what);
  },
};

class Parallel {
  constructor(root, page) {
    Object.assign(this, { page, lines: [], axes: new Axes(page) });
    this.later = atNextFrame(() => this.rebuild());
    this.repaint = atNextFrame(() => this.paint());
    this.build(root);
    new ResizeObserver(() => this.box.clientWidth !== this.seen && this.later()).observe(this.box);
    this.layers.addEventListener("pointermove", (event) => this.look(event));
    this.layers.addEventListener("pointerleave", () => this.leave());
    this.layers.addEventListener("click", (event) => {
      const line = this.near(event);
      if (line) page.state.set("open", line.run.id);
    });
    drawWithSweeps(this);
  }

  build(root) {
    const { page } = this;
    const button = (label, click) => h("button", { type: "button", on: { click } }, label);
    this.last = h("span", null);
    this.legend = h("p", { class: "row soft legend" });
    this.told = h("span", { "aria-live": "polite" });
    this.only = button("show only these", () => this.showOnly());
    this.clear = button("remove the ranges", () => page.state.set("brushes", []));
    this.back = button("show all runs", () => page.hide(page.filtered.map((run) => run.id), false));
    this.base = h("canvas", { role: "img" });
    this.over = h("canvas", { "aria-hidden": "true" });
    this.tip = h("div", { class: "tip", hidden: true });
    this.layers = h("div", { class: "layers" }, this.base, this.over, this.axes.places, this.tip);
    this.box = h("div", { class: "parallel" }, this.layers);
    fill(root, h("div", { class: "controls" }, this.last, this.axes.chooser.box),
      h("p", { class: "row" }, this.told, this.only, this.clear, this.back),
      h("figure", null, this.box, this.legend), h("p", { class: "soft hint" }, HINT));
  }

  update(what) {
    if (what === "runs") drawWithSweeps(this);
    else if (["shown", "look", "axes", "measure"].includes(what)) this.later();
    else if (what === "brushes") this.repaint();
    else if (what === "focus") this.light();
  }

  showOnly() {
    const kept = new Set(this.lines.filter(({ chosen }) => chosen).map(({ run }) => run.id));
    const { page } = this;
    page.hide(page.shown.filter((run) => !kept.has(run.id)).map((run) => run.id), true);
    page.state.set("brushes", []);
  }

  // What is drawn.

  rebuild() {
    const { page, box, axes } = this;
    if (axes.isHeld) return this.later(); // not under somebody's hand
    this.seen = box.clientWidth;
    this.width = axes.take(this.sweeps ?? [], box.clientWidth);
    this.lines = page.shown.map((run) => ({ run, parts: axes.list.map(({ measure, scale }) => scale.place(measure.of(run))) }));
    this.sort();
    this.layers.style.width = `${this.width}px`;
    this.control();
    axes.place();
    this.paint();
    axes.chooser.draw();
  }

  /** The worst first, so that the best are drawn above them. */
  sort() {
    const { measure } = this.axes.list.at(-1);
    for (const line of this.lines) {
      const part = line.parts.at(-1);
      line.good = Number.isFinite(measure.of(line.run)) ? (measure.goal === "minimize" ? 1 - part : part) : null;
    }
    this.lines.sort((one, other) => (one.good ?? -1) - (other.good ?? -1));
  }

  control() {
    const { measure } = this.axes.list.at(-1);
    const outcomes = this.axes.outcomes().map(({ key, label }) => [key, label]);
    const told = JSON.stringify([outcomes, measure.key]);
    const choose = (key) => this.page.state.set("measure", key);
    // Only where it is another: one that somebody has opened would close.
    if (told !== this.outcomes) fill(this.last, select("last axis and colour", outcomes, measure.key, choose));
    this.outcomes = told;
    const values = this.lines.map(({ run }) => measure.of(run)).filter(Number.isFinite);
    this.legend.hidden = !values.length;
    const [low, high] = extent(values);
    if (values.length) legend(this.legend, measure.label, measure.text(low), measure.text(high), measure.goal);
  }

  // Drawing.

  colour(name) {
    return getComputedStyle(this.box).getPropertyValue(name).trim();
  }

  paint() {
    const { list } = this.axes, tests = this.axes.tests();
    if (!list.length) return;
    for (const line of this.lines) line.chosen = inside(line.run, tests);
    this.tell(tests.length);
    const ctx = cleared(this.base, this.width);
    const count = this.lines.filter(({ chosen }) => chosen).length;
    const look = { soft: this.colour("--ink-soft"), alpha: Math.min(1, Math.max(0.3, 80 / count)), width: count > 300 ? 1 : 1.4 };
    const dim = { colour: this.colour("--grid"), alpha: 0.6, width: 1 };
    for (const line of this.lines) if (!line.chosen) strand(ctx, line, list, dim);
    for (const line of this.lines) if (line.chosen) strand(ctx, line, list, look);
    for (const axis of list) axisLine(ctx, axis, (name) => this.colour(name));
    cleared(this.over, this.width);
    this.light();
  }

  tell(count) {
    const chosen = this.lines.filter((line) => line.chosen).length, all = this.lines.length;
    this.told.textContent = count ? `${chosen} of ${plural(all, "run")}` : plural(all, "run");
    this.only.hidden = this.clear.hidden = !count;
    this.only.disabled = !chosen || chosen === all;
    this.back.hidden = this.page.shown.length === this.page.filtered.length;
    const names = this.axes.list.map(({ measure }) => measure.label).join(", ");
    this.base.setAttribute("aria-label", `parallel coordinates of ${this.told.textContent} over ${names}`);
    this.axes.tell(this.told.textContent);
  }

  light() {
    if (!this.width) return;
    const ctx = cleared(this.over);
    const line = this.lines.find(({ run }) => run.id === this.page.focus);
    if (!line) return;
    const ink = this.colour("--ink");
    strand(ctx, line, this.axes.list, { colour: ink, width: 5 });
    strand(ctx, line, this.axes.list, { soft: this.colour("--ink-soft"), width: 3 });
    ctx.fillStyle = ink;
    this.axes.list.forEach(({ x }, index) => line.parts[index] !== null && ctx.fillRect(x - 3, yOf(line.parts[index]) - 3, 6, 6));
  }

  // The pointer.

  near(event) {
    if (event.target.closest(".axis-head, .strip")) return null;
    const { list } = this.axes, box = this.layers.getBoundingClientRect();
    const x = event.clientX - box.left, y = event.clientY - box.top;
    const index = list.findIndex((axis, at) => at < list.length - 1 && x >= axis.x && x <= list[at + 1].x);
    if (index < 0) return null;
    const share = (x - list[index].x) / (list[index + 1].x - list[index].x);
    let best = null, least = NEAR;
    for (const line of this.lines) {
      const [from, to] = [line.parts[index], line.parts[index + 1]];
      if (!line.chosen || from === null || to === null) continue;
      const distance = Math.abs(yOf(from + (to - from) * share) - y);
      if (distance <= least) [best, least] = [line, distance];
    }
    return best;
  }

  look(event) {
    const line = this.near(event);
    this.page.point(line?.run.id ?? null);
    this.tip.hidden = !line;
    if (!line) return;
    const values = this.axes.list.map(({ measure }) => h("div", null, said(measure, line.run)));
    fill(this.tip, h("b", null, this.page.label(line.run)), values);
    const box = this.layers.getBoundingClientRect();
    const left = event.clientX - box.left + 14, room = this.box.scrollLeft + this.box.clientWidth - this.tip.offsetWidth - 4;
    const top = event.clientY - box.top - this.tip.offsetHeight / 2;
    this.tip.style.left = `${Math.min(left, room)}px`;
    this.tip.style.top = `${Math.min(Math.max(top, 0), HEIGHT - this.tip.offsetHeight)}px`;
  }

  leave() {
    this.tip.hidden = true;
    this.page.point(null);
  }
}
