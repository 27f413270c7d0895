// What runs have used of the machine, by time: one chart for each quantity, and the energy of each run.

import { Chart } from "../chart.js";
import { atNextFrame, fill, h } from "../dom.js";
import { duration, number, plural } from "../format.js";
import { placed } from "../series.js";

const MOST = 12; // runs at once: more lines of this kind cannot be told apart

// The names of the rows, and what people call them; other names stand as they are.
const QUANTITIES = [
  [/^gpu\.\d+\.use$/, "GPU, busy, %"],
  [/^gpu\.\d+\.memory$/, "GPU memory of its processes, MiB"],
  [/^gpu\.\d+\.device_memory$/, "GPU memory of all, MiB"],
  [/^gpu\.\d+\.power$/, "GPU power, W"],
  [/^gpu\.\d+\.temperature$/, "GPU temperature, °C"],
  [/^gpu\.\d+\.clock$/, "GPU clock, MHz"],
  [/^gpu\.energy$/, "energy of its GPUs so far, Wh"],
  [/^cpu\.use$/, "CPU, cores"],
  [/^memory\.used$/, "memory, shared pages once, MiB"],
  [/^memory\.rss$/, "memory, resident, MiB"],
  [/^disk\.read$/, "read from disk, bytes a second"],
  [/^disk\.written$/, "written to disk, bytes a second"],
  [/^machine\.network\.received$/, "network of the machine, received, bytes a second"],
  [/^machine\.network\.sent$/, "network of the machine, sent, bytes a second"],
];

const FIRST = QUANTITIES.findIndex(([pattern]) => pattern.test("disk.read")); // those before are what people look for

function quantity(name) {
  const known = QUANTITIES.findIndex(([pattern]) => pattern.test(name));
  return known < 0 ? { order: QUANTITIES.length, title: name } : { order: known, title: QUANTITIES[known][1] };
}

export const system = {
  id: "system",
  title: "System",

  has(page) {
    return page.runs.some((run) => Object.keys(run.used).length > 0);
  },

  mount(root, page) {
    const view = new System(root, page);
    return (what) => view.update(what);
  },
};

class System {
  constructor(root, page) {
    this.page = page;
    this.charts = new Map(); // by title
    this.later = atNextFrame(() => this.show());
    this.build(root);
    this.later();
  }

  build(root) {
    this.told = h("p", { class: "soft", "aria-live": "polite" });
    this.energy = h("div", { class: "energy" });
    this.first = h("div", { class: "charts" });
    this.rest = h("div", { class: "charts" });
    this.others = h("details", { class: "group" }, h("summary", null, "disk, network, processes"), this.rest);
    fill(root, this.told, this.energy, this.first, this.others);
  }

  update(what) {
    if (what === "focus") for (const chart of this.charts.values()) chart.light(this.page.focus);
    if (what === "look") for (const chart of this.charts.values()) chart.restyle();
    if (["runs", "shown", "open", "look"].includes(what)) this.later();
  }

  async show() {
    const { page } = this;
    const measured = page.shown.filter((run) => Object.keys(run.used).length > 0);
    const found = await this.answers(measured);
    this.told.textContent = sentence(found.length, measured.length);
    fill(this.energy, bars(page, measured));
    this.draw(byQuantity(page, found));
  }

  /** [run, answer] of those that are drawn: the one that is open, and the first that were measured. */
  async answers(measured) {
    const { page } = this, open = page.byId.get(page.state.get("open"));
    const wanted = [...new Set([...(open && page.shown.includes(open) ? [open] : []), ...measured])].slice(0, MOST);
    const answers = await Promise.all(wanted.map((run) => page.source.ask("system", run.id)));
    return wanted.map((run, index) => [run, answers[index] ?? {}]).filter(([, answer]) => Object.keys(answer).length);
  }

  draw(lines) {
    this.others.hidden = ![...lines.values()].some((each) => each.order >= FIRST);
    for (const [title, chart] of this.charts) if (!lines.has(title)) chart.figure.hidden = true;
    for (const [title, drawn] of [...lines].sort((one, other) => one[1].order - other[1].order)) {
      const chart = this.chart(title);
      chart.figure.hidden = false;
      (drawn.order < FIRST ? this.first : this.rest).append(chart.figure);
      chart.draw({ lines: drawn.lines, xText: duration, yText: number });
    }
  }

  chart(title) {
    if (!this.charts.has(title)) this.charts.set(title, this.begun(title));
    return this.charts.get(title);
  }

  begun(title) {
    const { page } = this, figure = h("figure", null, h("figcaption", null, title));
    const on = { focus: (id) => page.point(id), open: (id) => page.state.set("open", id) };
    const chart = new Chart(figure, { height: 200, label: `${title}, by time since the begin of the run`, on });
    chart.figure = figure;
    return chart;
  }
}

function sentence(drawn, measured) {
  if (!measured) return "none of the shown runs was measured";
  if (drawn >= measured) return "";
  return `curves of ${drawn} of ${plural(measured, "run")} that were measured; show fewer runs, or open one, to see others`;
}

/** Lines by the title of their chart. */
function byQuantity(page, found) {
  const charts = new Map();
  for (const [run, answer] of found) {
    for (const [name, curve] of Object.entries(answer)) {
      const { order, title } = quantity(name);
      const chart = charts.get(title) ?? { order, lines: [] };
      const device = /^gpu\.(\d+)\./.exec(name)?.[1];
      const several = device !== undefined && `gpu.1.${name.split(".").at(-1)}` in answer;
      const label = several ? `${page.label(run)}, its GPU ${device}` : page.label(run);
      chart.lines.push({ id: run.id, label, colour: page.colour(run), dash: page.dash(run), ...placed(curve, null, "step") });
      charts.set(title, chart);
    }
  }
  return charts;
}

/** The energy of each run as bars, with the numbers as text. */
function bars(page, runs) {
  const used = runs.filter((run) => run.used.energy_wh > 0).sort((one, other) => other.used.energy_wh - one.used.energy_wh);
  if (!used.length) return null;
  const total = used.reduce((sum, run) => sum + run.used.energy_wh, 0);
  const most = used[0].used.energy_wh;
  const bar = (run) => ({ width: `${(60 * run.used.energy_wh) / most}%`, background: page.colour(run) });
  const pointed = (run) => ({ mouseenter: () => page.point(run.id), mouseleave: () => page.point(null) });
  return h("figure", null,
    h("figcaption", null, `energy of the GPUs: ${number(total)} Wh for ${plural(used.length, "run")}`),
    h("ol", { class: "bars" }, used.slice(0, MOST).map((run) => h("li", { on: pointed(run) },
      h("span", { class: "label" }, page.label(run)),
      h("span", { class: "bar", style: bar(run) }),
      h("span", null, `${number(run.used.energy_wh)} Wh`)))),
    used.length > MOST ? h("p", { class: "soft" }, `and ${used.length - MOST} that used less`) : null);
}
