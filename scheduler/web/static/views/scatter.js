// Any two of what runs have, against each other, coloured by a third; of a sweep also how the best came about, over time.

import { atNextFrame, fill, h, select, toggle } from "../dom.js";
import { natural, plural } from "../format.js";
import { drawSigns, explained, linesOf, marksOf } from "../marks.js";
import { extent, measures, nameOf, said, saidOf, scaleOf } from "../measures.js";
import { Plane } from "../plane.js";
import { legend, ramp } from "../ramp.js";
import { drawWithSweeps } from "../sweeps.js";

const NEAR = 20; // pixels from the pointer to a run that it is at
const MANY = 200; // runs from which on marks are a little transparent
const NAMES = 8; // different values that get a colour and a shape each
const FAILED = new Set(["failed", "timeout", "cancelled", "lost"]);
const SHAPES = ["circle", "square", "triangle", "diamond", "cross", "bar", "ring", "star"];

export const scatter = {
  id: "scatter",
  title: "Scatter",

  has(page) {
    const all = measures(page);
    return page.runs.length > 1 && all.length > 1 && all.some(({ kind }) => kind !== "parameter");
  },

  mount(root, page) {
    const view = new Scatter(root, page);
    return (what) => view.update(what);
  },
};

class Scatter {
  constructor(root, page) {
    Object.assign(this, { page, points: [] });
    this.controls = h("div", { class: "controls" });
    this.legend = h("p", { class: "row soft legend" });
    this.said = h("p", { class: "soft" });
    const figure = h("figure", null);
    fill(root, this.controls, figure, this.said);
    this.plane = new Plane(figure, {
      height: 380, paint: (ctx) => this.paint(ctx), light: (ctx) => this.lit(ctx),
      on: { look: (left, top) => this.look(left, top), open: () => this.at && page.state.set("open", this.at.run.id) },
    });
    figure.append(this.legend);
    this.later = atNextFrame(() => this.draw());
    drawWithSweeps(this);
  }

  update(what) {
    if (what === "runs") drawWithSweeps(this);
    else if (["shown", "look", "across", "upward", "third", "acrosslog", "upwardlog"].includes(what)) this.later();
    else if (what === "focus") this.plane.relight();
  }

  /** What is asked for; else the objective against when each run was over in a sweep, and otherwise against a parameter. */
  chosen(all) {
    const { page } = this;
    const named = (name) => all.find(({ key }) => key === page.state.get(name));
    const outcome = all.find(({ key }) => key === `best.${page.objective}`) ?? all.find(({ kind }) => kind !== "parameter");
    const parameter = all.find(({ kind }) => kind === "parameter");
    const time = page.runs.some((run) => run.sweep) ? all.find(({ key }) => key === "ended") : null;
    const x = named("across") ?? time ?? parameter ?? all.find((each) => each !== outcome);
    const y = named("upward") ?? outcome;
    const another = all.find(({ kind, key }) => kind === "parameter" && key !== x.key);
    return { x, y, third: page.state.get("third") === "none" ? null : named("third") ?? another };
  }

  draw() {
    const { page } = this;
    const all = measures(page);
    const { x, y, third } = this.chosen(all);
    const scales = { x: this.scale(x, page.state.get("acrosslog")), y: this.scale(y, page.state.get("upwardlog")) };
    this.measures = { x, y, third };
    this.marks = marksOf(this.sweeps);
    this.colour(third);
    this.control(all, scales);
    this.points = page.shown.filter((run) => x.of(run) !== undefined && y.of(run) !== undefined)
      .map((run) => ({ run, x: scales.x.place(x.of(run)), y: scales.y.place(y.of(run)) }))
      .filter((point) => point.x !== null && point.y !== null);
    const signs = explained(this.points.map(({ run }) => run), this.marks);
    this.said.textContent = [this.missing(page.shown.length - this.points.length), ...signs].filter(Boolean).join(" ");
    this.best = this.improvements(x, y);
    this.plane.draw({ ...scales, xLabel: x.label, yLabel: y.label, label: this.described() });
  }

  scale(measure, asked) {
    const values = this.page.shown.map((run) => measure.of(run)).filter((value) => value !== undefined);
    const log = asked ? asked === "log" : saidOf(this.sweeps, measure.key);
    return scaleOf(values, { log, text: measure.text, timed: measure.timed });
  }

  missing(count) {
    const { x, y } = this.measures;
    if (!count) return "";
    const runs = `${plural(count, "run")} of ${this.page.shown.length} ${count === 1 ? "has" : "have"}`;
    return `${runs} no place here: no ${x.label} or no ${y.label}.`;
  }

  described() {
    const { x, y, third } = this.measures;
    const line = this.best.length > 1 ? `; a line shows the best so far, which ${this.best.length - 1} runs have improved` : "";
    const coloured = third ? `, coloured by ${third.label}` : "";
    return `${y.label} against ${x.label} of ${plural(this.points.length, "run")}${coloured}${line}; the table has the numbers`;
  }

  /** Over time, the runs that were better than all before; of a trial outside of the present space nobody asks. */
  improvements(x, y) {
    if (!["ended", "number"].includes(x.key) || !y.goal) return [];
    const sign = y.goal === "maximize" ? -1 : 1, found = [];
    const counts = ({ run }) => !FAILED.has(run.state) && !this.marks.get(run.id)?.outside.length;
    const counted = this.points.filter(counts);
    for (const point of counted.sort((one, other) => one.x - other.x)) {
      if (!found.length || sign * y.of(point.run) < sign * y.of(found.at(-1).run)) found.push(point);
    }
    return found;
  }

  // The colours.

  colour(third) {
    this.legend.hidden = !third;
    if (!third) return fill(this.legend);
    const values = this.page.shown.map((run) => third.of(run));
    const numbers = values.filter(Number.isFinite);
    const names = [...new Set(values.map(nameOf))].sort(natural);
    if (names.length <= NAMES && (third.kind === "parameter" || numbers.length < 2)) return this.byName(third, names);
    const scale = scaleOf(numbers, { log: saidOf(this.sweeps, third.key) });
    const [low, high] = extent(numbers);
    this.shown = (run) => {
      const value = third.of(run);
      if (!Number.isFinite(value)) return { colour: null, shape: "ring" };
      const part = scale.place(value);
      return { colour: ramp(third.goal === "minimize" ? 1 - part : part), shape: "circle" };
    };
    legend(this.legend, third.label, third.text(low), third.text(high), third.goal);
  }

  byName(third, names) {
    const places = new Map(names.map((name, index) => [name, index]));
    const of = (name) => (name === "not set" ? { colour: null, shape: "ring" }
      : { colour: ramp(names.length > 1 ? places.get(name) / (names.length - 1) : 1), shape: SHAPES[places.get(name)] });
    this.shown = (run) => of(nameOf(third.of(run)));
    const swatch = (name) => {
      const canvas = h("canvas", { width: 16, height: 16, class: "shape", "aria-hidden": "true" });
      const ctx = canvas.getContext("2d"), { colour, shape } = of(name);
      ctx.fillStyle = ctx.strokeStyle = colour ?? this.plane.colour("--ink-soft");
      drawShape(ctx, shape, 8, 8, 5);
      const value = this.page.shown.map((run) => third.of(run)).find((each) => nameOf(each) === name);
      return h("span", null, canvas, Number.isFinite(value) ? third.text(value) : name);
    };
    fill(this.legend, h("span", null, `${third.label}:`), names.map(swatch));
  }

  // Drawing.

  paint(ctx) {
    const { plane } = this;
    if (this.best.length) this.bestSoFar(ctx);
    for (const point of this.points) this.mark(ctx, point, 4.5, this.points.length > MANY ? 0.7 : 1);
    ctx.globalAlpha = 1;
    ctx.strokeStyle = plane.colour("--ink");
    ctx.lineWidth = 1.5;
    for (const point of this.best) {
      ctx.beginPath();
      ctx.arc(plane.px(point.x), plane.py(point.y), 8, 0, 7);
      ctx.stroke();
    }
  }

  bestSoFar(ctx) {
    const { plane } = this;
    ctx.strokeStyle = plane.colour("--ink");
    ctx.lineWidth = 1.5;
    ctx.beginPath();
    this.best.forEach(({ x, y }, index) => {
      if (index) ctx.lineTo(plane.px(x), plane.py(this.best[index - 1].y));
      ctx.lineTo(plane.px(x), plane.py(y));
    });
    ctx.lineTo(plane.px(1), plane.py(this.best.at(-1).y));
    ctx.stroke();
  }

  mark(ctx, point, size, alpha) {
    const own = { colour: this.page.colour(point.run), shape: "circle" };
    const { colour, shape } = this.measures.third ? this.shown(point.run) : own;
    ctx.globalAlpha = alpha;
    ctx.fillStyle = ctx.strokeStyle = colour ?? this.plane.colour("--ink-soft");
    const [left, top] = [this.plane.px(point.x), this.plane.py(point.y)], signs = this.marks.get(point.run.id);
    drawShape(ctx, shape, left, top, size);
    if (signs) drawSigns(ctx, signs, left, top, (name) => this.plane.colour(name));
  }

  control(all, scales) {
    const { state } = this.page, { x, y, third } = this.measures;
    const options = all.map(({ key, label, kind }) => [key, kind === "metric" ? `${label} (best)` : label]);
    const told = JSON.stringify([options, x.key, y.key, third?.key, scales.x.log, scales.y.log]);
    if (told === this.options) return; // one that somebody has opened would close
    this.options = told;
    const log = (name, scale, label) => toggle(label, scale.log, (on) => state.set(name, on ? "log" : "even"));
    fill(this.controls, select("x", options, x.key, (key) => state.set("across", key)), log("acrosslog", scales.x, "log x"),
      select("y", options, y.key, (key) => state.set("upward", key)), log("upwardlog", scales.y, "log y"),
      select("colour", [["none", "the run"], ...options], third?.key ?? "none", (key) => state.set("third", key)));
  }

  // The pointer.

  look(left, top) {
    const { plane, page } = this;
    let best = null, least = NEAR;
    for (const point of left === null ? [] : this.points) {
      const distance = Math.hypot(plane.px(point.x) - left, plane.py(point.y) - top);
      if (distance < least) [best, least] = [point, distance];
    }
    this.at = best;
    page.point(best?.run.id ?? null);
    plane.relight();
    if (!best) return plane.point();
    const { x, y, third } = this.measures;
    const told = [...new Set([x, y, third].filter(Boolean))].map((measure) => h("div", null, said(measure, best.run)));
    const better = this.best.includes(best) ? h("div", { class: "soft" }, "better than all before") : "";
    const signs = linesOf(this.marks.get(best.run.id)).map((line) => h("div", { class: "soft" }, line));
    plane.point(left, top, h("b", null, page.label(best.run)), ...told, ...signs, better);
  }

  lit(ctx) {
    const point = this.points.find(({ run }) => run.id === this.page.focus);
    if (!point) return;
    ctx.strokeStyle = this.plane.colour("--ink");
    ctx.lineWidth = 3;
    ctx.beginPath();
    ctx.arc(this.plane.px(point.x), this.plane.py(point.y), 9, 0, 7);
    ctx.stroke();
    this.mark(ctx, point, 6, 1);
  }
}

/** A filled mark of about this radius. */
function drawShape(ctx, shape, x, y, size) {
  const corners = {
    square: [[-0.85, -0.85], [0.85, -0.85], [0.85, 0.85], [-0.85, 0.85]],
    triangle: [[0, -1.15], [1.05, 0.8], [-1.05, 0.8]],
    diamond: [[0, -1.3], [1.1, 0], [0, 1.3], [-1.1, 0]],
    bar: [[-1.3, -0.4], [1.3, -0.4], [1.3, 0.4], [-1.3, 0.4]],
    cross: [
      [-1, -0.3], [-0.3, -0.3], [-0.3, -1], [0.3, -1], [0.3, -0.3], [1, -0.3],
      [1, 0.3], [0.3, 0.3], [0.3, 1], [-0.3, 1], [-0.3, 0.3], [-1, 0.3],
    ].map((corner) => corner.map((each) => 1.15 * each)),
    star: Array.from({ length: 10 }, (_, index) => {
      const far = index % 2 ? 0.6 : 1.35, angle = (index * Math.PI) / 5;
      return [far * Math.sin(angle), -far * Math.cos(angle)];
    }),
  }[shape];
  ctx.beginPath();
  if (corners) for (const [left, top] of corners) ctx.lineTo(x + left * size, y + top * size);
  else ctx.arc(x, y, size, 0, 7);
  if (shape !== "ring") return ctx.fill();
  ctx.lineWidth = 2;
  ctx.stroke();
}
