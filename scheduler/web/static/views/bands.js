// Early stopping: the metric by logged row, where trials were compared, and who was stopped there and why.

import { fill, h, toggle } from "../dom.js";
import { number, plain, plural } from "../format.js";
import { scaleOf } from "../measures.js";
import { heads, runLink } from "../parts.js";
import { Plane } from "../plane.js";
import { steps } from "../series.js";

const NEAR = 24; // pixels from the pointer to a trial that it is at
const MANY = 200; // trials from which on lines are thin and transparent
const NAMED = 5; // trials that a row of the table names
const LISTED = 200; // trials of which the list says why they were stopped

/** The part of the section that is about it. `show(sweep)` takes a sweep, `light()` the run under the pointer. */
export class Bands {
  constructor(root, page) {
    Object.assign(this, { root, page, lines: [] });
    this.said = h("p", { class: "soft" });
    this.chart = h("div", null);
    this.table = h("div", { class: "scrolled" });
    this.why = h("details", null);
    this.controls = h("div", { class: "controls" },
      toggle("rows on a logarithmic scale", page.state.get("rowlog"), (value) => page.state.set("rowlog", value)));
    fill(root, h("figcaption", null, "Early stopping"), this.said, this.controls, this.chart, this.table, this.why);
    this.plane = new Plane(this.chart, {
      height: 360, paint: (ctx) => this.paint(ctx), light: (ctx) => this.lit(ctx),
      on: { look: (left, top) => this.look(left, top), open: () => this.at?.run && page.state.set("open", this.at.run.id) },
    });
  }

  show(sweep) {
    this.sweep = sweep;
    const shown = new Set(this.page.shown.map((run) => run.id));
    const seen = ({ run }) => shown.has(run) || !this.page.byId.has(run);
    const logged = sweep.trials.filter((trial) => trial.last.length);
    this.stopped = sweep.trials.filter((trial) => trial.verdict);
    this.root.hidden = !logged.length || !(sweep.bands.length || this.stopped.length);
    if (this.root.hidden) return;
    this.lines = logged.filter(seen).map((trial) => this.line(trial));
    this.said.textContent = `${sentence(sweep, this.stopped.length)} ${sweep.saved ? `${sweep.saved.sentence}.` : ""}`;
    this.tables();
    this.draw();
  }

  line(trial) {
    const run = this.page.byId.get(trial.run);
    const best = trial.number === this.sweep.best?.trial;
    return { trial, run, x: steps(trial.rows), y: trial.last, stopped: Boolean(trial.verdict), best };
  }

  draw() {
    const { sweep, lines } = this;
    const thresholds = sweep.bands.map((band) => band.threshold).filter((value) => value !== null);
    const log = this.page.state.get("rowlog");
    const values = lines.flatMap(({ trial, y: last }) => [...last, ...(trial.low ?? []), ...(trial.high ?? [])]);
    const rows = [1, ...lines.flatMap((line) => [line.x[0], line.x.at(-1)]), ...sweep.bands.map((band) => band.rows)];
    const x = scaleOf(rows, { log });
    const y = scaleOf([...values, ...thresholds], { log: false });
    for (const line of lines) line.points = line.x.map((row, index) => [x.place(row), y.place(line.y[index])]);
    this.plane.draw({
      x: { ...x, ticks: (count) => this.ticks(x, count) }, y, xLabel: "logged rows", yLabel: sweep.metric,
      label: `${sweep.metric} of ${plural(lines.length, "trial")} by logged row; ${this.stopped.length} stopped early; `
        + "the table below has the bands",
    });
  }

  /** The rows at which trials were compared stand on the axis themselves. */
  ticks(x, count) {
    const bands = this.sweep.bands.map(({ rows }) => rows);
    if (!bands.length) return x.ticks(count);
    const rows = new Set([1, ...bands, Math.max(...this.lines.map((line) => line.x.at(-1)), 1)]);
    return [...rows].map((row) => ({ part: x.place(row), text: String(row) }));
  }

  // Drawing.

  paint(ctx) {
    const { plane, lines, sweep } = this;
    const { top, bottom } = plane.edges, { x, y } = plane.drawn;
    ctx.strokeStyle = plane.colour("--ink-soft");
    ctx.setLineDash([4, 4]);
    for (const { rows } of sweep.bands) this.path(ctx, [[plane.px(x.place(rows)), top], [plane.px(x.place(rows)), bottom]]);
    const rank = ({ stopped, best }) => (stopped ? 0 : best ? 2 : 1);
    const ordered = [...lines].sort((one, other) => rank(one) - rank(other));
    for (const line of ordered) this.stroke(ctx, line, line.best ? 3 : lines.length > MANY ? 0.8 : 1.5);
    ctx.setLineDash([]);
    for (const { rows, threshold } of sweep.bands) {
      if (threshold !== null) this.mark(ctx, plane.px(x.place(rows)), plane.py(y.place(threshold)), threshold);
    }
  }

  stroke(ctx, line, width) {
    const { plane, page } = this;
    ctx.strokeStyle = ctx.fillStyle = line.stopped || !line.run ? plane.colour("--ink-soft") : page.colour(line.run);
    ctx.setLineDash(line.stopped || !line.run ? [] : page.dash(line.run));
    ctx.globalAlpha = width < 1 ? 0.4 : line.stopped ? 0.55 : 1;
    ctx.lineWidth = width;
    const points = line.points.map(([x, y]) => [plane.px(x), plane.py(y)]);
    this.path(ctx, points);
    ctx.setLineDash([]);
    ctx.globalAlpha = 1;
    const [x, y] = points.at(-1);
    if (line.stopped) {
      this.path(ctx, [[x - 3.5, y - 3.5], [x + 3.5, y + 3.5]]);
      this.path(ctx, [[x - 3.5, y + 3.5], [x + 3.5, y - 3.5]]);
    } else {
      ctx.beginPath();
      ctx.arc(x, y, 3, 0, 7);
      ctx.fill();
    }
  }

  path(ctx, points) {
    ctx.beginPath();
    for (const [x, y] of points) ctx.lineTo(x, y);
    ctx.stroke();
  }

  /** The worst value that passes at a band: a bar, and an arrow towards what is better. */
  mark(ctx, x, y, threshold) {
    const { plane, sweep } = this;
    const towards = sweep.goal === "maximize" ? -7 : 7;
    ctx.strokeStyle = ctx.fillStyle = plane.colour("--problem");
    ctx.lineWidth = 2.5;
    this.path(ctx, [[x - 13, y], [x + 13, y]]);
    ctx.beginPath();
    for (const [left, at] of [[x - 5, y], [x + 5, y], [x, y + towards]]) ctx.lineTo(left, at);
    ctx.fill();
    const left = x + 70 > plane.edges.right;
    ctx.textAlign = left ? "right" : "left";
    ctx.textBaseline = "middle";
    ctx.strokeStyle = plane.colour("--sheet");
    ctx.lineWidth = 4;
    ctx.strokeText(number(threshold), left ? x - 17 : x + 17, y);
    ctx.fillText(number(threshold), left ? x - 17 : x + 17, y);
  }

  // The pointer.

  look(left, top) {
    this.at = left === null ? null : this.nearest(left, top);
    this.page.point(this.at?.run?.id ?? null);
    this.plane.relight();
    if (!this.at) return this.plane.point();
    const { trial, run } = this.at;
    const more = run ? h("div", { class: "soft" }, settings(run)) : "";
    const name = h("b", null, `trial ${trial.number}`);
    this.plane.point(left, top, name, h("div", null, standing(trial, this.sweep)), verdict(trial), more);
  }

  nearest(left, top) {
    let best = null, least = NEAR;
    for (const line of this.lines) {
      line.points.forEach(([x, y], index) => {
        const end = index === line.points.length - 1 ? 0.8 : 1; // the ends tell the most
        const distance = end * Math.hypot(this.plane.px(x) - left, this.plane.py(y) - top);
        if (distance < least) [best, least] = [line, distance];
      });
    }
    return best;
  }

  lit(ctx) {
    const line = this.at ?? this.lines.find(({ trial }) => trial.run === this.page.focus);
    if (!line) return;
    const better = new Set(line.trial.verdict?.better ?? []);
    for (const other of this.lines) if (better.has(other.trial.number)) this.stroke(ctx, other, 3);
    this.stroke(ctx, { ...line, stopped: false }, 4);
    if (line.stopped) this.stroke(ctx, line, 3);
  }

  // The same as text.

  tables() {
    const { sweep, stopped } = this;
    const named = (reached) => reached.slice(0, NAMED).map(({ trial, value }) => `${trial}: ${number(value)}`);
    const best = (reached) => [...named(reached), ...(reached.length > NAMED ? ["…"] : [])].join(", ");
    const cells = (band) => [band.rows, band.reached.length, number(band.threshold), best(band.reached)];
    fill(this.table, sweep.bands.length ? h("table", null,
      h("caption", null, "Where trials were compared, as it stands"),
      heads(["row", "trials there", "still passes", "best there (trial: value)"]),
      h("tbody", null, sweep.bands.map((band) => h("tr", null, cells(band).map((cell) => h("td", null, cell)))))) : null);
    const left = stopped.length - LISTED;
    const item = (trial) => h("li", null, this.name(trial), ": ", trial.verdict.sentence, betters(trial));
    fill(this.why, h("summary", null, `why ${plural(stopped.length, "trial")} ${stopped.length === 1 ? "was" : "were"} stopped`),
      h("ul", null, stopped.slice(0, LISTED).map(item)),
      left > 0 ? h("p", { class: "soft" }, `and ${left} more; \`exp-queue explain JOB\` says it of each`) : null);
    this.why.hidden = !stopped.length;
  }

  name(trial) {
    const { page } = this;
    return page.byId.has(trial.run) ? runLink(page, trial.run, `trial ${trial.number}`) : `trial ${trial.number}`;
  }
}

function sentence(sweep, stopped) {
  const rows = sweep.bands.map((band) => band.rows);
  const by = ["wandb", "iepoch"].includes(sweep.pruner) ? "" : ` by Optuna's ${sweep.pruner}`;
  if (!rows.length) return stopped ? `Trials that fell behind were stopped${by}: a cross is where one was stopped.` : "";
  const last = plural(rows.at(-1), "row");
  return `Trials are compared after ${rows.length > 1 ? `${rows.slice(0, -1).join(", ")} and ${last}` : last} (dashed); `
    + "a bar is the worst value that passes there, as it stands, and a cross is where a trial was stopped.";
}

function standing(trial, sweep) {
  const state = trial.state.replace("_", " ");
  const where = trial.outside ? `, outside of the present space: ${trial.outside.join(", ")}` : "";
  return `${state} after ${plural(trial.count, "row")}, last ${sweep.metric} ${number(trial.last.at(-1))}${where}`;
}

function verdict(trial) {
  return trial.verdict ? h("div", null, trial.verdict.sentence, betters(trial)) : "";
}

function betters(trial) {
  const { better } = trial.verdict;
  const more = better.length > NAMED ? ", …" : "";
  return better.length ? ` (better: ${better.slice(0, NAMED).map((each) => `trial ${each}`).join(", ")}${more})` : "";
}

function settings(run) {
  const short = (value) => (typeof value === "number" ? number(value) : plain(value));
  return Object.entries(run.config).slice(0, 6).map(([name, value]) => `${name} ${short(value)}`).join(", ");
}
