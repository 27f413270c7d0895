// What all views share: the runs, which of them are shown, and how each is called and coloured.

import { colour, dash } from "./colours.js";
import { matcher } from "./filter.js";

/** `on(listener)`: it gets one of "runs" (values have changed), "shown" (which runs are shown), "focus" (the run under the
 * pointer), "look" (the theme), "paper" (all is to be drawn, also
 * what nobody has looked at), or the name of a value of the state. */
export class Page {
  constructor(source, state, answer) {
    this.source = source;
    this.state = state;
    this.listeners = [];
    this.focus = null;
    this.take(answer);
    state.on((changed) => this.changed(changed));
  }

  /** A new list of runs. */
  take(answer) {
    if (answer.made !== this.answer?.made) this.heard = performance.now();
    this.answer = answer;
    this.runs = answer.runs;
    this.byId = new Map(this.runs.map((run) => [run.id, run]));
    // By the number of the job: the colour stays when the order changes.
    const placed = [...this.runs].sort((one, other) => one.number - other.number);
    this.places = new Map(placed.map((run, place) => [run.id, place]));
    this.choose();
    this.tell("runs");
  }

  /** Seconds since 1970, by the clock of who has made the answer: in a report when that was, on a live page now. */
  get now() {
    const { made } = this.answer;
    return this.source.live ? made + (performance.now() - this.heard) / 1000 : made;
  }

  choose() {
    const hidden = new Set(this.state.get("hidden"));
    const { test, problem } = matcher(this.state.get("filter"), { ...this.answer, made: this.now });
    this.problem = problem;
    this.filtered = this.runs.filter(test);
    this.shown = this.filtered.filter((run) => !hidden.has(run.id.slice(0, 8)));
  }

  changed(names) {
    if (names.has("filter") || names.has("hidden")) {
      this.choose();
      this.tell("shown");
    }
    for (const name of names) this.tell(name);
  }

  on(listener) {
    this.listeners.push(listener);
  }

  tell(what) {
    for (const listener of this.listeners) listener(what);
  }

  /** The run that the pointer or the keyboard is at, in whatever view; null for none. */
  point(id) {
    if (this.focus === id) return;
    this.focus = id;
    this.tell("focus");
  }

  hide(ids, hidden) {
    const now = new Set(this.state.get("hidden"));
    for (const id of ids) hidden ? now.add(id.slice(0, 8)) : now.delete(id.slice(0, 8));
    this.state.set("hidden", [...now].sort());
  }

  colour(run) {
    return colour(this.places.get(run.id) ?? 0);
  }

  dash(run) {
    return dash(this.places.get(run.id) ?? 0);
  }

  /** What a run is called beside a curve. */
  label(run) {
    return run.trial === null || run.trial === undefined ? run.name : `trial ${run.trial}`;
  }

  /** "minimize" or "maximize". */
  goal(metric) {
    return this.answer.goals[metric] ?? "minimize";
  }

  /** The best finite value of a metric in a run; null for none. */
  best(run, metric) {
    return (this.goal(metric) === "maximize" ? run.high : run.low)[metric] ?? null;
  }

  /** The metric that the runs are judged by: what most of them declare, else the first that there is. */
  get objective() {
    const count = new Map();
    for (const run of this.runs) if (run.objective) count.set(run.objective, (count.get(run.objective) ?? 0) + 1);
    const [first] = [...count].sort((one, other) => other[1] - one[1]);
    return first ? first[0] : this.answer.metrics[0];
  }
}
