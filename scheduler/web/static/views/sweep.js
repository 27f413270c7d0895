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
    const view = new Sweep(root, page);
    return (what) => view.update(what);
  },
};

class Sweep {
  constructor(root, page) {
    Object.assign(this, { page, sweeps: [] });
    this.head = h("div", { class: "sweep-head" });
    this.weights = h("figure", null);
    const stopping = h("figure", null);
    fill(root, this.head, h("div", { class: "sweep" }, this.weights, stopping));
    this.bands = new Bands(stopping, page);
    this.later = atNextFrame(() => this.draw());
    this.ask();
  }

  update(what) {
    if (what === "runs") this.ask();
    else if (["shown", "look", "sweep", "rowlog"].includes(what)) this.later();
    else if (what === "focus") this.bands.plane.relight();
  }

  /** Only what is another is drawn anew: who reads the list of those that were stopped stays in it. */
  async ask() {
    const found = await sweepsOf(this.page);
    if (found === this.sweeps) return;
    this.sweeps = found;
    this.later();
  }

  draw() {
    const { page, sweeps } = this;
    const found = sweeps.find(({ id }) => id.slice(0, 8) === page.state.get("sweep")) ?? sweeps[0];
    if (!found) return;
    fill(this.head, sweeps.length > 1 ? chooser(sweeps, found, page) : null, standing(found, page), course(found, page));
    importance(this.weights, found);
    this.bands.show(found);
  }
}

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
