// The axes of parallel coordinates: which there are and in which order, where each lies, and the range that is chosen on it.

import { brushing, movable } from "./brush.js";
import { chooser } from "./chooser.js";
import { fill, h } from "./dom.js";
import { measures, saidOf, scaleOf } from "./measures.js";
import { isOnPaper } from "./paper.js";
import { partsOf, ranges, saidOfRange, withRange } from "./ranges.js";
import { BOTTOM, HEIGHT, TOP } from "./strands.js";

const LEFT = 56, RIGHT = 84; // pixels beside the outermost axes
const APART = 112; // pixels from axis to axis, at least
const MOST = 10, MOST_NARROW = 4; // axes that are there unasked; the others can be added
const NARROW = 600;

/** `list` are those that are there, {measure, scale, x}, the last for what came out; `all` what there could be one for. `places`
 * is the element with their names and their ranges, `chooser` what chooses them. */
export class Axes {
  constructor(page) {
    Object.assign(this, { page, list: [], all: [], sweeps: [] });
    this.places = h("div", null);
    this.chooser = chooser("axes", () => this.parameters().map(({ key, label }) => ({ value: key, text: label, kind: "" })),
      () => new Set(this.keys()), (key, on) => this.add(key, on));
  }

  /** Whether somebody holds one of them. */
  get isHeld() {
    return Boolean(this.places.querySelector("[data-held]"));
  }

  // Which there are.

  parameters() {
    return this.all.filter(({ kind }) => kind === "parameter");
  }

  outcomes() {
    return this.all.filter(({ kind }) => kind !== "parameter");
  }

  called(wanted) {
    return this.all.find(({ key }) => key === wanted);
  }

  /** The keys of all but the last. */
  keys() {
    return this.list.slice(0, -1).map(({ measure }) => measure.key);
  }

  add(key, on) {
    const others = this.keys().filter((each) => each !== key);
    this.page.state.set("axes", on ? [...others, key] : others);
  }

  /** Those that were chosen, in their order, else not more than fit of what matters most; the last is what came out. */
  chosen(room) {
    const { state, objective } = this.page, outcomes = this.outcomes();
    const called = (wanted) => outcomes.find(({ key }) => key === wanted);
    const last = called(state.get("measure")) ?? called(`best.${objective}`) ?? outcomes[0];
    const asked = state.get("axes").map((key) => this.parameters().find((each) => each.key === key)).filter(Boolean);
    const most = room < NARROW ? MOST_NARROW : MOST;
    return [...(asked.length ? asked : this.weighed().slice(0, most)), last];
  }

  /** The parameters that differ among the shown runs: first what mattered in the newest sweep, then what most of them have. */
  weighed() {
    const shares = new Map(this.sweeps[0]?.importance.shares ?? []), { shown } = this.page;
    const differ = this.parameters().filter(({ of }) => shown.some((run) => String(of(run)) !== String(of(shown[0]))));
    const had = (measure) => shown.filter((run) => measure.of(run) !== undefined).length / shown.length;
    const weights = new Map(differ.map((each) => [each, 2 * (shares.get(each.label) ?? 0) + had(each)]));
    return [...weights.keys()].sort((one, other) => weights.get(other) - weights.get(one));
  }

  // Where they lie.

  /** Take what the page and its sweeps have now, in a box so wide; how wide all of them are. */
  take(sweeps, room) {
    Object.assign(this, { sweeps, all: measures(this.page) });
    const chosen = this.chosen(room);
    const wished = LEFT + RIGHT + (chosen.length - 1) * APART;
    const width = isOnPaper() ? room : Math.max(room, wished); // paper does not scroll
    this.gap = (width - LEFT - RIGHT) / Math.max(chosen.length - 1, 1);
    this.list = chosen.map((measure, index) => this.scaled(measure, chosen.length > 1 ? LEFT + index * this.gap : width / 2));
    return width;
  }

  scaled(measure, x) {
    const log = measure.kind === "parameter" ? saidOf(this.sweeps, measure.key) : null;
    const values = this.page.shown.map((run) => measure.of(run));
    return { measure, x, scale: scaleOf(values, { log, text: measure.text, timed: measure.timed }) };
  }

  /** Their names and their ranges, each at its place. The one with the focus keeps it. */
  place() {
    const focused = document.activeElement?.dataset?.axis;
    fill(this.places, this.list.map((axis, index) => [this.head(axis, index), this.strip(axis, index)]));
    if (focused) this.list.find(({ measure }) => measure.key === focused)?.strip.focus();
  }

  isLast(index) {
    return index === this.list.length - 1;
  }

  head({ measure, x, scale }, index) {
    const width = Math.min(this.gap - 6, 190), isBest = this.isLast(index) && measure.goal;
    const kind = isBest ? `best: ${measure.goal === "minimize" ? "low" : "high"}` : scale.log ? "log" : "";
    const head = h("div", { class: "axis-head" }, this.title(measure, index), h("small", { class: "soft" }, kind));
    Object.assign(head.style, { left: `${x - width / 2}px`, width: `${width}px` });
    return head;
  }

  title(measure, index) {
    const isLast = this.isLast(index);
    const name = h("span", { class: "axis-name", title: measure.label }, measure.label);
    const button = (sign, by, label) => h("button", {
      type: "button", "aria-label": label, on: { click: () => this.move(index, index + by) },
    }, sign);
    const left = !isLast && index > 0 ? button("‹", -1, `${measure.label} one to the left`) : null;
    const right = !isLast && index < this.list.length - 2 ? button("›", 1, `${measure.label} one to the right`) : null;
    if (!isLast) movable(name, (by) => this.dropped(index, by));
    return h("div", { class: "axis-title" }, left, name, right);
  }

  strip(axis, index) {
    const { measure, x } = axis, { state } = this.page;
    axis.range = h("div", { class: "range", hidden: true });
    axis.strip = h("div", {
      class: "strip", tabindex: "0", role: "slider", "aria-orientation": "vertical", "aria-label": `range of ${measure.label}`,
      "aria-valuemin": "0", "aria-valuemax": "100", "data-axis": measure.key,
      on: { keydown: (event) => this.key(event, index) },
    }, axis.range);
    Object.assign(axis.strip.style, { left: `${x - 13}px`, top: `${TOP}px`, height: `${HEIGHT - TOP - BOTTOM}px` });
    brushing(axis.strip, {
      range: () => this.partsOf(axis), step: () => (axis.scale.base === 1 ? 2 * axis.scale.half : 0.05),
      change: (range) => state.set("brushes", withRange(state.get("brushes"), axis, range)),
    });
    return axis.strip;
  }

  // The ranges.

  brushes() {
    return ranges(this.page.state.get("brushes"));
  }

  /** The ranges of what there is, each with its measure. */
  tests() {
    const all = [...this.brushes()].map(([key, range]) => ({ measure: this.called(key), ...range }));
    return all.filter(({ measure }) => measure);
  }

  partsOf({ measure, scale }) {
    const range = this.brushes().get(measure.key);
    return range ? partsOf(range, scale) : null;
  }

  /** Show the range of each; `told`: how many runs lie in all of them. */
  tell(told) {
    for (const axis of this.list) this.showRange(axis, told);
  }

  showRange(axis, told) {
    const parts = this.partsOf(axis), range = this.brushes().get(axis.measure.key);
    const [low, high] = parts ?? [0, 1];
    axis.range.hidden = !range;
    axis.strip.title = range ? saidOfRange(range, axis.measure) : "";
    axis.strip.setAttribute("aria-valuetext", range ? `${axis.strip.title}: ${told}` : "all");
    axis.strip.setAttribute("aria-valuenow", String(Math.round((low + high) * 50)));
    Object.assign(axis.range.style, { bottom: `${low * 100}%`, height: `${Math.max((high - low) * 100, 0.5)}%` });
  }

  // Their order.

  move(from, to) {
    const keys = this.keys();
    if (to < 0 || to >= keys.length || from === to) return;
    keys.splice(to, 0, ...keys.splice(from, 1));
    this.page.state.set("axes", keys);
  }

  /** Its name was let go so many pixels from where it was: it goes to the place of the nearest axis. */
  dropped(index, by) {
    const away = this.list.slice(0, -1).map((axis) => Math.abs(axis.x - this.list[index].x - by));
    this.move(index, away.indexOf(Math.min(...away)));
  }

  key(event, index) {
    const by = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
    if (!by) return;
    event.preventDefault();
    if (event.shiftKey && !this.isLast(index)) this.move(index, index + by);
    else this.list[index + by]?.strip.focus();
  }
}
