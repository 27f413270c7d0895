// Learning curves: one chart for each metric, all shown runs in it.

import { Chart } from "../chart.js";
import { atNextFrame, fill, h, select, slider, toggle } from "../dom.js";
import { duration, moment, number } from "../format.js";
import { placed, smoothed } from "../series.js";

const AXES = [["step", "step"], ["epoch", "epoch"], ["relative", "time since the begin"], ["wall", "time of day"]];

export const curves = {
  id: "curves",
  title: "Curves",

  has(page) {
    return page.answer.metrics.length > 0;
  },

  mount(root, page) {
    const { state } = page;
    const charts = new Map();
    const grid = h("div", { class: "charts" });
    const axes = AXES.filter(([name]) => name !== "epoch" || page.answer.metrics.includes("epoch"));
    fill(root,
      h("div", { class: "controls" },
        select("x axis", axes, state.get("x"), (value) => state.set("x", value)),
        slider("smoothing", { min: 0, max: 0.99, step: 0.01, value: state.get("smooth") }, (value) => value.toFixed(2), (value) => state.set("smooth", value)),
        toggle("log x", state.get("xlog"), (value) => state.set("xlog", value)),
        toggle("log y", state.get("ylog"), (value) => state.set("ylog", value))),
      grid);

    async function draw(metric, chart) {
      const x = state.get("x");
      const [answer, epochs] = await Promise.all([page.source.curves(metric), x === "epoch" ? page.source.curves("epoch") : null]);
      const weight = state.get("smooth");
      const lines = page.shown.filter((run) => answer.curves[run.id]).flatMap((run) => {
        const line = placed(answer.curves[run.id], answer.clocks[run.id], x, epochs?.curves[run.id]);
        const look = { id: run.id, label: page.label(run), colour: page.colour(run), dash: page.dash(run) };
        if (!weight) return [{ ...look, ...line }];
        return [{ ...look, ...line, dash: [], faint: true, width: 1 }, { ...look, x: line.x, y: smoothed(line.y, weight) }];
      });
      chart.draw({
        lines, xLog: state.get("xlog") && x !== "wall", yLog: state.get("ylog"), xTime: x === "wall",
        xText: { relative: duration, wall: null }[x] === undefined ? number : { relative: duration }[x],
        yText: number,
      });
    }

    function update() {
      const wanted = page.answer.metrics.filter((metric) => metric !== "epoch");
      for (const metric of wanted) {
        if (!charts.has(metric)) {
          const figure = h("figure", null, h("figcaption", null, metric));
          grid.append(figure);
          charts.set(metric, new Chart(figure, {
            label: `${metric} of the runs`,
            on: { focus: (id) => page.point(id), open: (id) => state.set("open", id) },
          }));
        }
        draw(metric, charts.get(metric));
      }
    }

    const later = atNextFrame(update);
    later();
    return (what) => {
      if (what === "focus") for (const chart of charts.values()) chart.light(page.focus);
      else if (["runs", "shown", "x", "smooth", "xlog", "ylog"].includes(what)) later();
      else if (what === "look") {
        for (const chart of charts.values()) chart.restyle();
        later();
      }
    };
  },
};
