// A sweep: how it stands, how the best came about, the front of several objectives, which agents compute for it, which trials lie
// outside of its space, what mattered, and who was stopped early.

import { atNextFrame, fill, h, select } from "../dom.js";
import { moment, number, plural } from "../format.js";
import { heads, runLink } from "../parts.js";
import { sweepsOf } from "../sweeps.js";
import { Bands } from "./bands.js";
import { importance } from "./importance.js";

const NAMED = 8; // improvements that the sentence tells, the last ones
const LISTED = 200; // trials of a list

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
    this.outside = h("details", null);
    const stopping = h("figure", null);
    fill(root, this.head, this.outside, h("div", { class: "sweep" }, this.weights, stopping));
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
    fill(this.head, sweeps.length > 1 ? chooser(sweeps, found, page) : null, standing(found, page), course(found, page),
      found.evidence.map((each) => h("p", { class: "soft" }, whole(each))), crew(found, page), front(found, page));
    strangers(this.outside, found, page);
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
  const goal = found.objectives.map(({ name, goal: way }) => `${name} to be ${way}d`).join(" and ");
  const method = found.method ? `, method ${found.method}` : "";
  const head = `${found.file}${method}${goal && `, ${goal}`}: ${plural(found.trials.length, "trial")}, ${states}. `;
  return h("p", null, head, found.outside && `${found.outside}. `, found.metric ? best(found, page) : "");
}

function best(found, page) {
  const by = found.objectives.length > 1 ? ` by ${found.metric}` : "";
  const told = (value) => h("strong", null, number(value));
  const of = ({ trial: which, value }) => [trial(found, which, page), `, ${found.metric} `, told(value), "."];
  const inside = found.best ? [`The best${by} is `, of(found.best)] : "No trial has a value of the metric yet.";
  return [found.best || !found.better ? inside : "", found.better && [
    ` ${found.best ? "Better" : "The best"}${by}, but outside of the present space: `, of(found.better)]];
}

/** The agents that compute for it, each with what it does. */
function crew(found, page) {
  if (!found.agents.length) return null;
  const item = ({ name, host, jobs, leaves }) => h("li", null, h("code", null, name), host && ` on ${host}`,
    leaves ? " goes home after " : jobs.length ? " computes " : " waits for a trial",
    jobs.map((job, index) => [index ? " and " : "", ofJob(found, job, page)]));
  const how = `\`exp-queue cancel ${found.agents[0].name}\` sends one home`;
  return h("div", { class: "agents" }, h("p", { class: "soft" }, `${plural(found.agents.length, "agent")}; ${how}:`),
    h("ul", null, found.agents.map(item)));
}

function ofJob(found, job, page) {
  const its = found.trials.find(({ run }) => run.startsWith(job));
  return its ? trial(found, its.number, page) : `job ${job}`;
}

/** The trials that no other beats, with the value that each has of every objective. */
function front(found, page) {
  if (!found.front.length) return null;
  const names = found.objectives.map(({ name, goal }) => `${name} (${goal})`);
  const row = ({ trial: which, values }) => h("tr", null, h("td", null, trial(found, which, page)),
    values.map((value) => h("td", null, number(value))));
  return h("div", { class: "scrolled front", tabindex: "0", role: "region", "aria-label": "the front" }, h("table", null,
    h("caption", null, "The front: beaten by no other trial in all objectives"),
    heads(["trial", ...names]), h("tbody", null, found.front.slice(0, LISTED).map(row))), more(found.front.length));
}

/** Which trials lie outside of the space, and by what. */
function strangers(root, found, page) {
  const list = found.trials.filter(({ outside }) => outside);
  root.hidden = !list.length;
  if (root.hidden) return fill(root);
  const item = ({ number: which, outside }) => h("li", null, trial(found, which, page), `: ${outside.join(", ")}`);
  return fill(root, h("summary", null, `${plural(list.length, "trial")} outside of the present space`),
    h("ul", null, list.slice(0, LISTED).map(item)), more(list.length));
}

function more(count) {
  return count > LISTED ? h("p", { class: "soft" }, `and ${count - LISTED} more; \`exp-queue trials\` has them all`) : null;
}

/** A sentence of a terminal as one of a page. */
function whole(text) {
  return `${text.charAt(0).toUpperCase()}${text.slice(1)}.`;
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
