// Learning curves: one chart for each metric, all shown runs in it. Metrics with a common beginning stand together.

import { Chart } from "../chart.js";
import { atNextFrame, fill, h, select, slider, toggle } from "../dom.js";
import { duration, number, plural } from "../format.js";
import { isOnPaper } from "../paper.js";
import { placed, smoothed } from "../series.js";

const AXES = [["step", "step"], ["epoch", "epoch"], ["relative", "time since the begin"], ["wall", "time of day"]];
const REDRAWN = ["runs", "shown", "x", "smooth", "xlog", "ylog"];
const KEPT = 256; // curves of a run, as CURVES in `scheduler/tracking/logged.py`
const NAMED = 5; // of those that are not drawn
const FEW = 3; // metrics with a common beginning that are a group
const OPEN = 12; // charts that are open from the beginning, as long as there are groups
const SOON = 3; // charts that are in sight first
// What says where a training is rather than how well it does comes last.
const BESIDE = /(^|[./_])(lr|learning_rate|epoch|step|steps|time|seconds|runtime|\w*_per_second|speed|seed)$/i;

export const curves = {
  id: "curves",
  title: "Curves",

  has(page) {
    return page.answer.metrics.length > 0;
  },

  /** What is in sight first is on its way while the page is made. */
  ahead(page) {
    if (page.source.live) for (const metric of inOrder(page).slice(0, SOON)) page.source.curves(metric).catch(() => {});
  },

  /** `only`: the metrics that are drawn; of others nothing is shown. */
  mount(root, page, only = []) {
    const view = new Curves(root, page, only);
    return (what) => view.update(what);
  },
};

class Curves {
  constructor(root, page, only) {
    Object.assign(this, { page, only, arranged: "" });
    this.charts = new Map(); // by metric
    this.made = new Map(); // by the title of a group: it, and whether it was open when it was made
    this.chosen = new Map(); // by the title of a group: whether somebody has opened or closed it
    this.seen = new IntersectionObserver((entries) => {
      for (const { target, isIntersecting } of entries) if (isIntersecting) this.draw(this.charts.get(target.dataset.metric));
    }, { rootMargin: "200px" });
    this.later = atNextFrame(() => this.redraw());
    this.build(root);
    this.arrange();
  }

  build(root) {
    const { state } = this.page;
    const find = h("input", {
      type: "search", placeholder: "find metrics", "aria-label": "find metrics", value: state.get("metrics"),
      on: { input: () => state.set("metrics", find.value) },
    });
    this.left = h("p", { class: "soft", role: "note" });
    this.groups = h("div", null);
    fill(root, controls(this.page, this.only.length ? null : find), this.left, this.groups);
  }

  update(what) {
    if (what === "focus") for (const { chart } of this.charts.values()) chart.light(this.page.focus);
    if (what === "runs" || what === "metrics") this.arrange();
    if (what === "look") for (const { chart } of this.charts.values()) chart.restyle();
    if (REDRAWN.includes(what) || what === "look") this.later();
  }

  // Which charts there are.

  wanted() {
    const { page, only } = this, text = page.state.get("metrics").toLowerCase();
    if (only.length) return only.filter((metric) => page.answer.metrics.includes(metric));
    return inOrder(page).filter((metric) => metric.toLowerCase().includes(text));
  }

  /** What is there already stays as it is, if nothing has come: what was opened, and the place in the page. */
  arrange() {
    const metrics = this.wanted(), now = JSON.stringify(metrics);
    if (!this.only.length) fill(this.left, withoutCurve(this.page));
    if (now === this.arranged) return;
    this.arranged = now;
    this.remember();
    const lacking = this.only.filter((metric) => !metrics.includes(metric));
    fill(this.groups, this.parts(metrics), lacking.map((metric) => h("p", { class: "soft" }, `no run has logged ${metric}`)));
  }

  /** Which groups somebody has opened or closed. */
  remember() {
    for (const [title, { group, open }] of this.made) if (group.open !== open) this.chosen.set(title, group.open);
    this.made.clear();
  }

  /** The groups, of which the first are open. */
  parts(metrics) {
    let count = 0;
    return grouped(metrics).map(([title, each]) => {
      count += each.length;
      return title ? this.group(title, each, count <= OPEN) : this.figures(each);
    });
  }

  group(title, metrics, usual) {
    const open = this.chosen.get(title) ?? usual;
    const heading = h("summary", null, `${title} (${metrics.length})`);
    const group = h("details", { open, class: "group" }, heading, this.figures(metrics));
    this.made.set(title, { group, open });
    return group;
  }

  figures(metrics) {
    return h("div", { class: "charts" }, metrics.map((metric) => this.chart(metric).figure));
  }

  chart(metric) {
    if (!this.charts.has(metric)) this.charts.set(metric, this.begun(metric));
    return this.charts.get(metric);
  }

  begun(metric) {
    const { page } = this, figure = h("figure", { "data-metric": metric }, h("figcaption", null, metric));
    const on = { focus: (id) => page.point(id), open: (id) => page.state.set("open", id) };
    const chart = new Chart(figure, { label: `${metric} of the shown runs`, on });
    this.seen.observe(figure);
    return { metric, figure, stale: true, chart };
  }

  // What is drawn.

  async draw(entry) {
    if (!entry.stale) return;
    entry.stale = false;
    entry.chart.draw(await lines(this.page, entry.metric));
    entry.chart.describe(told(this.page, entry.metric));
  }

  redraw() {
    for (const entry of this.charts.values()) {
      entry.stale = true;
      if (isOnPaper() && entry.figure.clientWidth) this.draw(entry); // all but what lies in a group that is closed
      this.seen.unobserve(entry.figure); // what is in sight is reported once more
      this.seen.observe(entry.figure);
    }
  }
}

/** What is said of the metrics that are not drawn here; null where all are. */
function withoutCurve({ answer, runs, state }) {
  const full = runs.filter((run) => Object.keys(run.first).length >= KEPT), drawn = new Set(answer.metrics);
  const names = new Set(full.flatMap((run) => Object.keys(run.last).filter((name) => typeof run.last[name] === "number")));
  const lacking = [...names].filter((name) => !drawn.has(name)), text = state.get("metrics").toLowerCase();
  if (!lacking.length) return null;
  const meant = text ? lacking.filter((name) => name.toLowerCase().includes(text)) : [];
  const some = `${meant.slice(0, NAMED).join(", ")}${meant.length > NAMED ? ", ..." : ""}`;
  return [`${plural(lacking.length, "more metric")} without a curve here: of a run those of the first ${KEPT} are kept. `,
    some && `Called so: ${some}. `, "From its log another is drawn by ",
    h("code", null, `exp-queue curves ${full[0].id.slice(0, 8)} -m ${meant.length === 1 ? meant[0] : "NAME"}`),
    "; the last values are in the table and in each run."];
}

function controls({ answer, state }, find) {
  const axes = AXES.filter(([name]) => name !== "epoch" || answer.metrics.includes("epoch"));
  const smoothing = { min: 0, max: 0.99, step: 0.01, value: state.get("smooth") };
  return h("div", { class: "controls" },
    select("x axis", axes, state.get("x"), (value) => state.set("x", value)),
    slider("smoothing", smoothing, (value) => value.toFixed(2), (value) => state.set("smooth", value)),
    toggle("log x", state.get("xlog"), (value) => state.set("xlog", value)),
    toggle("log y", state.get("ylog"), (value) => state.set("ylog", value)),
    answer.metrics.length > FEW ? find : null);
}

/** The metrics: what the runs are judged by first, then as they came; last what only says where a training is. */
function inOrder(page) {
  const rank = (metric) => (metric === page.objective ? 0 : BESIDE.test(metric) ? 2 : 1);
  return [...page.answer.metrics].sort((one, other) => rank(one) - rank(other));
}

/** [title, metrics]: those that begin with the same word before `/` or `.` together, where they are many enough; "" for the
 * rest. */
function grouped(metrics) {
  const beginning = (metric) => /^([^/.]+)[/.]/.exec(metric)?.[1] ?? "";
  const found = new Map([["", []]]);
  for (const metric of metrics) {
    const title = beginning(metric);
    if (!found.has(title)) found.set(title, []);
    found.get(title).push(metric);
  }
  for (const [title, each] of [...found]) {
    if (title && each.length < FEW) {
      found.get("").push(...each);
      found.delete(title);
    }
  }
  return [...found].filter(([, each]) => each.length);
}

/** What a chart draws. */
async function lines(page, metric) {
  const x = page.state.get("x"), weight = page.state.get("smooth");
  const [answer, epochs] = await Promise.all([page.source.curves(metric), x === "epoch" ? page.source.curves("epoch") : null]);
  const found = page.shown.filter((run) => answer.curves[run.id]).flatMap((run) => {
    const line = placed(answer.curves[run.id], answer.clocks[run.id], x, epochs?.curves[run.id]);
    const look = { id: run.id, label: page.label(run), colour: page.colour(run), dash: page.dash(run) };
    if (!weight) return [{ ...look, ...line }];
    return [{ ...look, ...line, dash: [], faint: true, width: 1 }, { ...look, x: line.x, y: smoothed(line.y, weight) }];
  });
  return {
    lines: found, xLog: page.state.get("xlog") && x !== "wall", yLog: page.state.get("ylog"), xTime: x === "wall",
    xText: x === "wall" ? null : x === "relative" ? duration : number, yText: number,
  };
}

/** What the chart shows, for who cannot see it. */
function told(page, metric) {
  const values = page.shown.map((run) => [page.best(run, metric), page.label(run)]).filter(([value]) => value !== null);
  if (!values.length) return `${metric}: none of the shown runs has logged it`;
  const sign = page.goal(metric) === "maximize" ? -1 : 1;
  const [best, label] = values.reduce((one, other) => (sign * other[0] < sign * one[0] ? other : one));
  return `${metric} of ${values.length} runs; the best is ${number(best)}, of ${label}`;
}
