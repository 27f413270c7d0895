// Parallel coordinates: one axis for each parameter that differs, the last for what came out; one line for each run.

import { brushing, movable } from "../brush.js";
import { chooser } from "../chooser.js";
import { atNextFrame, fill, h, select } from "../dom.js";
import { plural } from "../format.js";
import { extent, measures, said, saidOf, scaleOf } from "../measures.js";
import { isOnPaper } from "../paper.js";
import { legend } from "../ramp.js";
import { inside, partsOf, ranges, saidOfRange, withRange } from "../ranges.js";
import { axisLine, BOTTOM, cleared, HEIGHT, strand, TOP, yOf } from "../strands.js";
import { drawWithSweeps } from "../sweeps.js";

const LEFT = 56, RIGHT = 84; // pixels beside the outermost axes
const APART = 112; // pixels from axis to axis, at least
const MOST = 10, MOST_NARROW = 4; // axes that are there unasked; the others can be added
const NARROW = 600;
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
    Object.assign(this, { page, lines: [], axes: [], all: [] });
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
    this.places = h("div", null);
    this.tip = h("div", { class: "tip", hidden: true });
    this.layers = h("div", { class: "layers" }, this.base, this.over, this.places, this.tip);
    this.box = h("div", { class: "parallel" }, this.layers);
    this.axesBox = chooser("axes", () => this.parameters().map(({ key, label }) => ({ value: key, text: label, kind: "" })),
      () => new Set(this.keys()), (key, on) => this.add(key, on));
    fill(root, h("div", { class: "controls" }, this.last, this.axesBox.box),
      h("p", { class: "row" }, this.told, this.only, this.clear, this.back),
      h("figure", null, this.box, this.legend), h("p", { class: "soft hint" }, HINT));
  }

  update(what) {
    if (what === "runs") drawWithSweeps(this);
    else if (["shown", "look", "axes", "measure"].includes(what)) this.later();
    else if (what === "brushes") this.repaint();
    else if (what === "focus") this.light();
  }

  // Which axes there are.

  parameters() {
    return this.all.filter(({ kind }) => kind === "parameter");
  }

  /** The keys of all but the last axis. */
  keys() {
    return this.axes.slice(0, -1).map(({ measure }) => measure.key);
  }

  add(key, on) {
    const others = this.keys().filter((each) => each !== key);
    this.page.state.set("axes", on ? [...others, key] : others);
  }

  /** Those that were chosen, in their order, else not more than fit of what matters most; the last is what came out. */
  chosen() {
    const { state, objective } = this.page;
    const outcomes = this.all.filter(({ kind }) => kind !== "parameter");
    const called = (wanted) => outcomes.find(({ key }) => key === wanted);
    const last = called(state.get("measure")) ?? called(`best.${objective}`) ?? outcomes[0];
    const asked = state.get("axes").map((key) => this.parameters().find((each) => each.key === key)).filter(Boolean);
    const most = this.box.clientWidth < NARROW ? MOST_NARROW : MOST;
    return [...(asked.length ? asked : this.weighed().slice(0, most)), last];
  }

  /** The parameters that differ among the shown runs: first what mattered in the newest sweep, then what most of them have. */
  weighed() {
    const shares = new Map(this.sweeps?.[0]?.importance.shares ?? []), { shown } = this.page;
    const differ = this.parameters().filter(({ of }) => shown.some((run) => String(of(run)) !== String(of(shown[0]))));
    const had = (measure) => shown.filter((run) => measure.of(run) !== undefined).length / shown.length;
    const weights = new Map(differ.map((each) => [each, 2 * (shares.get(each.label) ?? 0) + had(each)]));
    return [...weights.keys()].sort((one, other) => weights.get(other) - weights.get(one));
  }

  // What is drawn.

  rebuild() {
    const { page, box } = this;
    if (this.places.querySelector("[data-held]")) return this.later(); // not under somebody's hand
    this.all = measures(page);
    this.seen = box.clientWidth;
    const chosen = this.chosen();
    const wished = LEFT + RIGHT + (chosen.length - 1) * APART;
    const width = isOnPaper() ? box.clientWidth : Math.max(box.clientWidth, wished); // paper does not scroll
    const gap = (width - LEFT - RIGHT) / Math.max(chosen.length - 1, 1);
    this.axes = chosen.map((measure, index) => this.scaled(measure, chosen.length > 1 ? LEFT + index * gap : width / 2));
    this.lines = page.shown.map((run) => ({ run, parts: this.axes.map(({ measure, scale }) => scale.place(measure.of(run))) }));
    this.sort();
    this.layers.style.width = `${width}px`;
    this.width = width;
    this.control();
    this.place(gap);
    this.paint();
    this.axesBox.draw();
  }

  scaled(measure, x) {
    const log = measure.kind === "parameter" ? saidOf(this.sweeps, measure.key) : null;
    const values = this.page.shown.map((run) => measure.of(run));
    return { measure, x, scale: scaleOf(values, { log, text: measure.text, timed: measure.timed }) };
  }

  /** The worst first, so that the best are drawn above them. */
  sort() {
    const { measure } = this.axes.at(-1);
    for (const line of this.lines) {
      const part = line.parts.at(-1);
      line.good = Number.isFinite(measure.of(line.run)) ? (measure.goal === "minimize" ? 1 - part : part) : null;
    }
    this.lines.sort((one, other) => (one.good ?? -1) - (other.good ?? -1));
  }

  control() {
    const { measure } = this.axes.at(-1);
    const outcomes = this.all.filter(({ kind }) => kind !== "parameter").map(({ key, label }) => [key, label]);
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

  place(gap) {
    const focused = document.activeElement?.dataset?.axis;
    fill(this.places, this.axes.map((axis, index) => this.axis(axis, index, Math.min(gap - 6, 190))));
    if (focused) this.axes.find(({ measure }) => measure.key === focused)?.strip.focus();
  }

  axis(axis, index, width) {
    const { measure, x } = axis;
    const last = index === this.axes.length - 1;
    const kind = last && measure.goal ? `best: ${measure.goal === "minimize" ? "low" : "high"}` : axis.scale.log ? "log" : "";
    const head = h("div", { class: "axis-head" }, this.title(measure, index, last), h("small", { class: "soft" }, kind));
    Object.assign(head.style, { left: `${x - width / 2}px`, width: `${width}px` });
    axis.range = h("div", { class: "range", hidden: true });
    axis.strip = h("div", {
      class: "strip", tabindex: "0", role: "slider", "aria-orientation": "vertical", "aria-label": `range of ${measure.label}`,
      "aria-valuemin": "0", "aria-valuemax": "100", "data-axis": measure.key,
      on: { keydown: (event) => this.key(event, index, last) },
    }, axis.range);
    Object.assign(axis.strip.style, { left: `${x - 13}px`, top: `${TOP}px`, height: `${HEIGHT - TOP - BOTTOM}px` });
    brushing(axis.strip, {
      range: () => this.partsOf(axis), step: () => (axis.scale.base === 1 ? 2 * axis.scale.half : 0.05),
      change: (range) => this.page.state.set("brushes", withRange(this.page.state.get("brushes"), axis, range)),
    });
    return [head, axis.strip];
  }

  title(measure, index, last) {
    const name = h("span", { class: "axis-name", title: measure.label }, measure.label);
    const button = (sign, by, label) => h("button", {
      type: "button", "aria-label": label, on: { click: () => this.move(index, index + by) },
    }, sign);
    const left = !last && index > 0 ? button("‹", -1, `${measure.label} one to the left`) : null;
    const right = !last && index < this.axes.length - 2 ? button("›", 1, `${measure.label} one to the right`) : null;
    if (!last) movable(name, (by) => this.dropped(index, by));
    return h("div", { class: "axis-title" }, left, name, right);
  }

  // The ranges.

  brushes() {
    return ranges(this.page.state.get("brushes"));
  }

  partsOf({ measure, scale }) {
    const range = this.brushes().get(measure.key);
    return range ? partsOf(range, scale) : null;
  }

  showOnly() {
    const kept = new Set(this.lines.filter(({ chosen }) => chosen).map(({ run }) => run.id));
    const { page } = this;
    page.hide(page.shown.filter((run) => !kept.has(run.id)).map((run) => run.id), true);
    page.state.set("brushes", []);
  }

  // Drawing.

  colour(name) {
    return getComputedStyle(this.box).getPropertyValue(name).trim();
  }

  paint() {
    if (!this.axes.length) return;
    const called = (wanted) => this.all.find(({ key }) => key === wanted);
    const tests = [...this.brushes()].map(([key, range]) => ({ measure: called(key), ...range }));
    const known = tests.filter(({ measure }) => measure);
    for (const line of this.lines) line.chosen = inside(line.run, known);
    this.tell(known.length);
    const ctx = cleared(this.base, this.width);
    const count = this.lines.filter(({ chosen }) => chosen).length;
    const look = { soft: this.colour("--ink-soft"), alpha: Math.min(1, Math.max(0.3, 80 / count)), width: count > 300 ? 1 : 1.4 };
    const dim = { colour: this.colour("--grid"), alpha: 0.6, width: 1 };
    for (const line of this.lines) if (!line.chosen) strand(ctx, line, this.axes, dim);
    for (const line of this.lines) if (line.chosen) strand(ctx, line, this.axes, look);
    for (const axis of this.axes) axisLine(ctx, axis, (name) => this.colour(name));
    cleared(this.over, this.width);
    this.light();
  }

  tell(count) {
    const chosen = this.lines.filter((line) => line.chosen).length, all = this.lines.length;
    this.told.textContent = count ? `${chosen} of ${plural(all, "run")}` : plural(all, "run");
    this.only.hidden = this.clear.hidden = !count;
    this.only.disabled = !chosen || chosen === all;
    this.back.hidden = this.page.shown.length === this.page.filtered.length;
    const names = this.axes.map(({ measure }) => measure.label).join(", ");
    this.base.setAttribute("aria-label", `parallel coordinates of ${this.told.textContent} over ${names}`);
    for (const axis of this.axes) this.showRange(axis);
  }

  showRange(axis) {
    const parts = this.partsOf(axis), range = this.brushes().get(axis.measure.key);
    const [low, high] = parts ?? [0, 1];
    axis.range.hidden = !range;
    axis.strip.title = range ? saidOfRange(range, axis.measure) : "";
    axis.strip.setAttribute("aria-valuetext", range ? `${axis.strip.title}: ${this.told.textContent}` : "all");
    axis.strip.setAttribute("aria-valuenow", String(Math.round((low + high) * 50)));
    Object.assign(axis.range.style, { bottom: `${low * 100}%`, height: `${Math.max((high - low) * 100, 0.5)}%` });
  }

  light() {
    if (!this.width) return;
    const ctx = cleared(this.over);
    const line = this.lines.find(({ run }) => run.id === this.page.focus);
    if (!line) return;
    const ink = this.colour("--ink");
    strand(ctx, line, this.axes, { colour: ink, width: 5 });
    strand(ctx, line, this.axes, { soft: this.colour("--ink-soft"), width: 3 });
    ctx.fillStyle = ink;
    this.axes.forEach(({ x }, index) => line.parts[index] !== null && ctx.fillRect(x - 3, yOf(line.parts[index]) - 3, 6, 6));
  }

  // The order of the axes.

  move(from, to) {
    const keys = this.keys();
    if (to < 0 || to >= keys.length || from === to) return;
    keys.splice(to, 0, ...keys.splice(from, 1));
    this.page.state.set("axes", keys);
  }

  /** Its name was let go so many pixels from where it was: it goes to the place of the nearest axis. */
  dropped(index, by) {
    const away = this.axes.slice(0, -1).map((axis) => Math.abs(axis.x - this.axes[index].x - by));
    this.move(index, away.indexOf(Math.min(...away)));
  }

  key(event, index, last) {
    const by = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
    if (!by) return;
    event.preventDefault();
    if (event.shiftKey && !last) this.move(index, index + by);
    else this.axes[index + by]?.strip.focus();
  }

  // The pointer.

  near(event) {
    if (event.target.closest(".axis-head, .strip")) return null;
    const box = this.layers.getBoundingClientRect();
    const x = event.clientX - box.left, y = event.clientY - box.top;
    const index = this.axes.findIndex((axis, at) => at < this.axes.length - 1 && x >= axis.x && x <= this.axes[at + 1].x);
    if (index < 0) return null;
    const share = (x - this.axes[index].x) / (this.axes[index + 1].x - this.axes[index].x);
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
    const values = this.axes.map(({ measure }) => h("div", null, said(measure, line.run)));
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
