// A sweep: how it stands, how the best came about, what mattered, and who was stopped early.

import { atNextFrame, fill, h, select } from "../dom.js";
import { moment, number, plural } from "../format.js";
import { runLink } from "../parts.js";
import { sweepsOf } from "../sweeps.js";
import { Bands } from "./bands.js";
import { importance } from "./importance.js";

const NAMED = 8; // improvements that the sentence tells, the last ones

export const sweep = {
  id: "sweep",
  title: "Sweep",

  has(page) {
    return page.runs.some((run) => run.sweep);
  },

  mount(root, page) {
    const head = h("div", { class: "sweep-head" });
    const weights = h("figure", null), stopping = h("figure", null);
    fill(root, head, h("div", { class: "sweep" }, weights, stopping));
    const bands = new Bands(stopping, page);
    let sweeps = [];

    async function ask() {
      const found = await sweepsOf(page);
      if (found === sweeps) return;
      sweeps = found;
      later();
    }

    function draw() {
      const found = sweeps.find(({ id }) => id.slice(0, 8) === page.state.get("sweep")) ?? sweeps[0];
      if (!found) return;
      fill(head, sweeps.length > 1 ? chooser(sweeps, found, page) : null, standing(found, page), course(found, page));
      importance(weights, found);
      bands.show(found);
    }

    const later = atNextFrame(draw);
    ask();
    return (what) => {
      if (what === "runs") ask();
      else if (["shown", "look", "sweep", "rowlog"].includes(what)) later();
      else if (what === "focus") bands.plane.relight();
    };
  },
};

function chooser(sweeps, found, page) {
  const options = sweeps.map((each) => [each.id.slice(0, 8), `${each.file}, ${moment(each.created)} (${each.id.slice(0, 8)})`]);
  return select("sweep", options, found.id.slice(0, 8), (id) => page.state.set("sweep", id));
}

function standing(found, page) {
  const states = Object.entries(found.states).map(([state, count]) => `${count} ${state.replace("_", " ")}`).join(", ");
  const goal = found.metric ? `, ${found.metric} to be ${found.goal}d` : "";
  const method = found.method ? `, method ${found.method}` : "";
  const best = found.best
    ? ["The best is ", trial(found, found.best.trial, page), `, ${found.metric} `, h("b", null, number(found.best.value)), "."]
    : found.metric ? "No trial has a value of the metric yet." : "";
  return h("p", null, `${found.file}${method}${goal}: ${plural(found.trials.length, "trial")}, ${states}. `, best);
}

function course(found, page) {
  const told = found.improvements.slice(-NAMED);
  if (told.length < 2) return null;
  return h("p", { class: "soft" }, "How the best came about: ", found.improvements.length > NAMED ? "…, " : "",
    told.map((each, index) => [index ? ", " : "", `${number(each.value)} (`, trial(found, each.trial, page), ")"]), ".");
}

function trial(found, wanted, page) {
  const { run } = found.trials.find(({ number: each }) => each === wanted);
  return page.byId.has(run) ? runLink(page, run, `trial ${wanted}`) : `trial ${wanted}`;
}
