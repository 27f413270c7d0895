// Parallel coordinates: one axis for each parameter that differs, the last for what came out; one line for each run.

import { brushing } from "../brush.js";
import { atNextFrame, fill, h, select } from "../dom.js";
import { number, plural } from "../format.js";
import { measures, nameOf, saidOf, scaleOf } from "../measures.js";
import { legend, ramp } from "../ramp.js";

const HEIGHT = 340, TOP = 66, BOTTOM = 14, LEFT = 56, RIGHT = 84;
const APART = 112; // pixels from axis to axis, at least
const MOST = 10, MOST_NARROW = 4; // axes that are there unasked; the others can be added
const NEAR = 14; // pixels from the pointer to a line that it is at

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
    Object.assign(this, { page, lines: [], axes: [], parts: new Map() });
    this.controls = h("div", { class: "controls" });
    this.told = h("span", { "aria-live": "polite" });
    this.only = h("button", { type: "button", on: { click: () => this.showOnly() } }, "show only these");
    this.clear = h("button", { type: "button", on: { click: () => page.state.set("brushes", []) } }, "remove the ranges");
    this.back = h("button", { type: "button", on: { click: () => page.hide(page.filtered.map((run) => run.id), false) } }, "show all runs");
    this.legend = h("p", { class: "row soft legend" });
    this.base = h("canvas", { role: "img" });
    this.over = h("canvas", { "aria-hidden": "true" });
    this.places = h("div", { class: "axes" });
    this.tip = h("div", { class: "tip", hidden: true });
    this.sheet = h("div", { class: "layers" }, this.base, this.over, this.places, this.tip);
    this.box = h("div", { class: "parallel" }, this.sheet);
    fill(root, this.controls, h("p", { class: "row" }, this.told, this.only, this.clear, this.back),
      h("figure", null, this.box, this.legend),
      h("p", { class: "soft hint" }, "Drag along an axis to choose a range, drag its name to move the axis; a click takes the range away. "
        + "With keys: Tab to an axis, arrows up and down for the range, with Shift for its upper end, Delete; left and right for the next axis, with Shift to move it."));
    this.later = atNextFrame(() => this.rebuild());
    this.repaint = atNextFrame(() => this.paint());
    new ResizeObserver(() => this.box.clientWidth !== this.seen && this.later()).observe(this.box);
    this.sheet.addEventListener("pointermove", (event) => this.look(event));
    this.sheet.addEventListener("pointerleave", () => this.leave());
    this.sheet.addEventListener("click", (event) => this.near(event) && page.state.set("open", this.near(event).run.id));
    page.source.ask("sweeps").then((sweeps) => { this.sweeps = sweeps; this.later(); });
    this.later();
  }

  update(what) {
    if (["runs", "shown", "look", "axes", "measure"].includes(what)) this.later();
    else if (what === "brushes") this.repaint();
    else if (what === "focus") this.light();
  }

  // What is drawn.

  /** The axes in the order that was chosen, else the most important first, and those that most runs have; not more than fit; the last is what came out. */
  chosen(all) {
    const { state, objective } = this.page;
    const outcomes = all.filter(({ kind }) => kind !== "parameter");
    const last = outcomes.find(({ key }) => key === state.get("measure")) ?? outcomes.find(({ key }) => key === `best.${objective}`) ?? outcomes[0];
    const parameters = all.filter(({ kind }) => kind === "parameter");
    const asked = state.get("axes").map((key) => parameters.find((each) => each.key === key)).filter(Boolean);
    if (asked.length) return [...asked, last];
    const shares = new Map(this.sweeps?.[0]?.importance.shares ?? []), { runs } = this.page;
    const weights = new Map(parameters.map((each) => [each, 2 * (shares.get(each.label) ?? 0) + runs.filter((run) => each.of(run) !== undefined).length / runs.length]));
    const first = [...parameters].sort((one, other) => weights.get(other) - weights.get(one));
    return [...first.slice(0, this.box.clientWidth < 600 ? MOST_NARROW : MOST), last];
  }

  rebuild() {
    const { page, box } = this;
    this.all = measures(page);
    this.seen = box.clientWidth;
    const chosen = this.chosen(this.all);
    const width = Math.max(box.clientWidth, LEFT + RIGHT + (chosen.length - 1) * APART);
    const gap = (width - LEFT - RIGHT) / Math.max(chosen.length - 1, 1);
    this.axes = chosen.map((measure, index) => {
      const log = measure.kind === "parameter" ? saidOf(this.sweeps, measure.key) : null;
      const scale = scaleOf(page.shown.map((run) => measure.of(run)), { log, text: measure.text, timed: measure.timed });
      return { measure, scale, x: chosen.length > 1 ? LEFT + index * gap : width / 2 };
    });
    this.lines = page.shown.map((run) => ({ run, parts: this.axes.map(({ measure, scale }) => scale.place(measure.of(run))) }));
    this.sheet.style.width = `${width}px`;
    for (const canvas of [this.base, this.over]) {
      canvas.width = width * devicePixelRatio;
      canvas.height = HEIGHT * devicePixelRatio;
      Object.assign(canvas.style, { width: `${width}px`, height: `${HEIGHT}px` });
    }
    this.sort();
    this.control();
    this.place(gap);
    this.paint();
  }

  /** The worst first, so that the best are drawn above them. */
  sort() {
    const { goal } = this.axes.at(-1).measure;
    for (const line of this.lines) {
      const part = line.parts.at(-1), known = Number.isFinite(this.axes.at(-1).measure.of(line.run));
      line.good = known ? (goal === "minimize" ? 1 - part : part) : null;
    }
    this.lines.sort((one, other) => (one.good ?? -1) - (other.good ?? -1));
  }

  control() {
    const { state } = this.page;
    const last = this.axes.at(-1).measure;
    const outcomes = this.all.filter(({ kind }) => kind !== "parameter").map(({ key, label }) => [key, label]);
    const chosen = this.axes.slice(0, -1).map(({ measure }) => measure.key);
    const box = ({ key, label }) => h("label", { class: "control switch" }, h("input", {
      type: "checkbox", checked: chosen.includes(key),
      on: { change: (event) => state.set("axes", event.target.checked ? [...chosen, key] : chosen.filter((each) => each !== key)) },
    }), label);
    const parameters = this.all.filter(({ kind }) => kind === "parameter");
    const open = this.controls.querySelector("details")?.open;
    fill(this.controls, select("last axis and colour", outcomes, last.key, (key) => state.set("measure", key)),
      h("details", { open: Boolean(open) }, h("summary", null, `axes: ${chosen.length} of ${plural(parameters.length, "parameter")} that differ`),
        h("div", { class: "row" }, parameters.map(box))));
    this.legend.hidden = !this.lines.some(({ good }) => good !== null);
    const values = this.lines.map(({ run }) => last.of(run)).filter(Number.isFinite);
    const [low, high] = values.reduce(([least, most], value) => [Math.min(least, value), Math.max(most, value)], [Infinity, -Infinity]);
    if (!this.legend.hidden) legend(this.legend, last.label, last.text(low), last.text(high), last.goal);
  }

  place(gap) {
    const focused = document.activeElement?.dataset?.axis;
    fill(this.places, this.axes.map((axis, index) => this.axis(axis, index, Math.min(gap - 6, 190))));
    if (focused && this.places.contains(document.activeElement) === false) this.places.querySelector(`[data-axis="${CSS.escape(focused)}"]`)?.focus();
  }

  axis(axis, index, width) {
    const { measure, x } = axis;
    const last = index === this.axes.length - 1;
    const name = h("span", { class: "axis-name", title: measure.label }, measure.label);
    const kind = last && measure.goal ? `best: ${measure.goal === "minimize" ? "low" : "high"}` : axis.scale.log ? "log" : "";
    const button = (sign, by, label) => h("button", { type: "button", "aria-label": label, on: { click: () => this.move(index, index + by) } }, sign);
    const left = !last && index > 0 ? button("‹", -1, `${measure.label} one to the left`) : null;
    const right = !last && index < this.axes.length - 2 ? button("›", 1, `${measure.label} one to the right`) : null;
    const head = h("div", { class: "axis-head" }, h("div", { class: "axis-title" }, left, name, right), h("small", { class: "soft" }, kind));
    Object.assign(head.style, { left: `${x - width / 2}px`, width: `${width}px` });
    if (!last) this.movable(name, index);
    axis.range = h("div", { class: "range", hidden: true });
    axis.strip = h("div", {
      class: "strip", tabindex: "0", role: "slider", "aria-orientation": "vertical", "aria-label": `range of ${measure.label}`,
      "aria-valuemin": "0", "aria-valuemax": "100", "data-axis": measure.key, on: { keydown: (event) => this.key(event, index, last) },
    }, axis.range);
    Object.assign(axis.strip.style, { left: `${x - 13}px`, top: `${TOP}px`, height: `${HEIGHT - TOP - BOTTOM}px` });
    brushing(axis.strip, {
      range: () => this.partsOf(axis), change: (range) => this.brush(axis, range),
      step: () => (axis.scale.base === 1 ? 2 * axis.scale.half : 0.05),
    });
    return [head, axis.strip];
  }

  // The ranges: in the link as [key, least number, greatest number, ...names], so that they mean the same on another scale.

  brushes() {
    const found = new Map();
    for (const text of this.page.state.get("brushes")) {
      try {
        const [key, low, high, ...names] = JSON.parse(text);
        found.set(key, { low, high, names: new Set(names) });
      } catch {
        continue; // a link that somebody has typed
      }
    }
    return found;
  }

  brush({ measure, scale }, range) {
    const others = this.page.state.get("brushes").filter((text) => !text.startsWith(`[${JSON.stringify(measure.key)},`));
    if (!range) return this.page.state.set("brushes", others);
    const [from, to] = range;
    const names = scale.slots.filter(({ part }) => part >= from - scale.half / 2 && part <= to + scale.half / 2).map(({ name }) => name);
    const numbers = to > scale.base ? [scale.at(Math.max(from, scale.base)), scale.at(to)].map((value) => Number(value.toPrecision(6))) : [null, null];
    this.page.state.set("brushes", [...others, JSON.stringify([measure.key, ...numbers, ...names])]);
  }

  partsOf({ measure, scale }) {
    const brush = this.brushes().get(measure.key);
    if (!brush) return null;
    const parts = scale.slots.filter(({ name }) => brush.names.has(name)).flatMap(({ part }) => [part - scale.half, part + scale.half]);
    if (brush.low !== null) parts.push(...[brush.low, brush.high].map((value) => Math.min(Math.max(scale.place(value) ?? 0, 0), 1)));
    return parts.length ? [Math.max(Math.min(...parts), 0), Math.min(Math.max(...parts), 1)] : [0, 0];
  }

  inside(run, tests) {
    return tests.every(({ measure, low, high, names }) => {
      const value = measure.of(run);
      return Number.isFinite(value) && low !== null ? value >= low && value <= high : names.has(nameOf(value));
    });
  }

  showOnly() {
    const kept = new Set(this.chosenRuns.map((run) => run.id));
    const { page } = this;
    page.hide(page.shown.filter((run) => !kept.has(run.id)).map((run) => run.id), true);
    page.state.set("brushes", []);
  }

  // Drawing.

  paint() {
    if (!this.axes.length) return;
    const brushes = this.brushes();
    const tests = [...brushes].map(([key, brush]) => ({ measure: this.all.find((each) => each.key === key), ...brush })).filter(({ measure }) => measure);
    for (const line of this.lines) line.chosen = this.inside(line.run, tests);
    this.chosenRuns = this.lines.filter(({ chosen }) => chosen).map(({ run }) => run);
    this.tell(tests.length);
    const style = getComputedStyle(this.box);
    const colour = (name) => style.getPropertyValue(name).trim();
    const ctx = this.base.getContext("2d");
    ctx.setTransform(devicePixelRatio, 0, 0, devicePixelRatio, 0, 0);
    ctx.clearRect(0, 0, this.base.width, this.base.height);
    ctx.lineJoin = "round";
    const alpha = Math.min(1, Math.max(0.3, 80 / this.chosenRuns.length));
    for (const chosen of [false, true]) {
      for (const line of this.lines) if (line.chosen === chosen) this.stroke(ctx, line, chosen ? null : colour("--grid"), chosen ? alpha : 0.6, 1.4);
    }
    for (const axis of this.axes) this.drawAxis(ctx, axis, colour);
    this.light();
  }

  y(part) {
    return TOP + (1 - part) * (HEIGHT - TOP - BOTTOM);
  }

  stroke(ctx, line, colour, alpha, width) {
    ctx.globalAlpha = alpha;
    ctx.lineWidth = width;
    ctx.strokeStyle = colour ?? this.colour(line);
    ctx.setLineDash(line.good === null ? [3, 3] : []);
    ctx.beginPath();
    let down = false;
    this.axes.forEach(({ x }, index) => {
      const part = line.parts[index];
      if (part !== null) down ? ctx.lineTo(x, this.y(part)) : ctx.moveTo(x, this.y(part));
      down = part !== null;
    });
    ctx.stroke();
    ctx.setLineDash([]);
    ctx.globalAlpha = 1;
  }

  colour(line) {
    return line.good === null ? getComputedStyle(this.box).getPropertyValue("--ink-soft").trim() : ramp(line.good);
  }

  drawAxis(ctx, { x, scale }, colour) {
    ctx.strokeStyle = colour("--ink-soft");
    ctx.lineWidth = 1;
    ctx.beginPath();
    ctx.moveTo(x, TOP);
    ctx.lineTo(x, HEIGHT - BOTTOM);
    ctx.stroke();
    ctx.font = "12px system-ui, sans-serif";
    ctx.textBaseline = "middle";
    for (const { part, text } of scale.ticks(6)) {
      const shown = text.length > 13 ? `${text.slice(0, 12)}…` : text;
      ctx.fillStyle = colour("--ink-soft");
      ctx.fillRect(x - 3, this.y(part) - 0.5, 6, 1);
      ctx.strokeStyle = colour("--sheet");
      ctx.lineWidth = 4;
      ctx.strokeText(shown, x + 8, this.y(part));
      ctx.fillStyle = colour("--ink");
      ctx.fillText(shown, x + 8, this.y(part));
    }
  }

  tell(ranges) {
    const count = this.chosenRuns.length, all = this.lines.length;
    this.told.textContent = ranges ? `${count} of ${plural(all, "run")}` : plural(all, "run");
    this.only.hidden = this.clear.hidden = !ranges;
    this.only.disabled = !count || count === all;
    this.back.hidden = this.page.shown.length === this.page.filtered.length;
    this.base.setAttribute("aria-label", `parallel coordinates of ${this.told.textContent} over ${this.axes.map(({ measure }) => measure.label).join(", ")}`);
    for (const axis of this.axes) this.showRange(axis);
  }

  showRange(axis) {
    const range = this.partsOf(axis), { measure, scale } = axis;
    axis.range.hidden = !range;
    const brush = this.brushes().get(measure.key);
    const numbers = brush && brush.low !== null ? [`${measure.text(brush.low)} to ${measure.text(brush.high)}`] : [];
    axis.strip.setAttribute("aria-valuetext", brush ? `${[...numbers, ...brush.names].join(", ") || "nothing"}: ${this.told.textContent}` : "all");
    axis.strip.setAttribute("aria-valuenow", String(Math.round(range ? (range[0] + range[1]) * 50 : 50)));
    if (range) Object.assign(axis.range.style, { bottom: `${range[0] * 100}%`, height: `${Math.max((range[1] - range[0]) * 100, 0.5)}%` });
    axis.strip.title = brush && scale ? [...numbers, ...brush.names].join(", ") : "";
  }

  // The order of the axes.

  move(from, to) {
    const keys = this.axes.slice(0, -1).map(({ measure }) => measure.key);
    if (to < 0 || to >= keys.length || from === to) return;
    keys.splice(to, 0, ...keys.splice(from, 1));
    this.page.state.set("axes", keys);
  }

  movable(name, index) {
    let begun = null;
    name.classList.add("movable");
    name.addEventListener("pointerdown", (event) => { begun = event.clientX; name.setPointerCapture(event.pointerId); });
    name.addEventListener("pointermove", (event) => { if (begun !== null) name.style.transform = `translateX(${event.clientX - begun}px)`; });
    name.addEventListener("pointerup", (event) => {
      const x = this.axes[index].x + event.clientX - begun;
      begun = null;
      name.style.transform = "";
      const near = this.axes.slice(0, -1).map((axis) => Math.abs(axis.x - x));
      this.move(index, near.indexOf(Math.min(...near)));
    });
    name.addEventListener("pointercancel", () => { begun = null; name.style.transform = ""; });
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
    const box = this.sheet.getBoundingClientRect();
    const x = event.clientX - box.left, y = event.clientY - box.top;
    const index = this.axes.findIndex((axis, at) => at < this.axes.length - 1 && x >= axis.x && x <= this.axes[at + 1].x);
    if (index < 0) return null;
    const share = (x - this.axes[index].x) / (this.axes[index + 1].x - this.axes[index].x);
    let best = null, least = NEAR;
    for (const line of this.lines) {
      const [from, to] = [line.parts[index], line.parts[index + 1]];
      if (!line.chosen || from === null || to === null) continue;
      const distance = Math.abs(this.y(from + (to - from) * share) - y);
      if (distance <= least) [best, least] = [line, distance];
    }
    return best;
  }

  look(event) {
    const line = this.near(event);
    this.page.point(line?.run.id ?? null);
    this.tip.hidden = !line;
    if (!line) return;
    fill(this.tip, h("b", null, this.page.label(line.run)), this.axes.map(({ measure }) => {
      const value = measure.of(line.run);
      return h("div", null, `${measure.label}: ${Number.isFinite(value) ? measure.text(value) : nameOf(value)}`);
    }));
    const box = this.sheet.getBoundingClientRect();
    const left = event.clientX - box.left + 14, high = this.tip.offsetHeight;
    this.tip.style.left = `${Math.min(left, this.box.scrollLeft + this.box.clientWidth - this.tip.offsetWidth - 4)}px`;
    this.tip.style.top = `${Math.min(Math.max(event.clientY - box.top - high / 2, 0), HEIGHT - high)}px`;
  }

  leave() {
    this.tip.hidden = true;
    this.page.point(null);
  }

  light() {
    const ctx = this.over.getContext("2d");
    ctx.setTransform(devicePixelRatio, 0, 0, devicePixelRatio, 0, 0);
    ctx.clearRect(0, 0, this.over.width, this.over.height);
    const line = this.lines.find(({ run }) => run.id === this.page.focus);
    if (!line) return;
    const style = getComputedStyle(this.box);
    this.stroke(ctx, line, style.getPropertyValue("--ink").trim(), 1, 5);
    this.stroke(ctx, line, null, 1, 3);
    ctx.fillStyle = style.getPropertyValue("--ink").trim();
    this.axes.forEach(({ x }, index) => line.parts[index] !== null && ctx.fillRect(x - 3, this.y(line.parts[index]) - 3, 6, 6));
  }
}
