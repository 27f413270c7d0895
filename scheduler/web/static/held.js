// The curves of a live page: what was asked for, with what has come since.

import { appended, timed } from "./growing.js";

/** The curves of one metric. A point that came while they were asked for is in the answer or comes after it, never both. */
export class Held {
  constructor(live, metric) {
    this.live = live;
    this.metric = metric;
    this.answer = { curves: {}, clocks: {} };
    this.since = new Map(); // by run: up to which news its curve has all
    this.waiting = new Map(); // by run: what came while it was asked for; "" stands for all
    this.ready = this.load("");
  }

  async load(run) {
    this.waiting.set(run, []);
    const query = new URLSearchParams({ metric: this.metric, ...(run && { run }) });
    const found = await this.live.get(`/api/curves?${query}`).catch((error) => {
      this.live.held.delete(this.metric);
      throw error;
    });
    const came = this.waiting.get(run), number = numberOf(found.place);
    this.waiting.delete(run);
    if (run) {
      delete this.answer.curves[run];
      delete this.answer.clocks[run];
    }
    const { curves, clocks } = this.answer;
    this.answer = { curves: Object.assign(curves, found.curves), clocks: Object.assign(clocks, found.clocks) };
    this.since.set(run, number);
    for (const [points, at] of came) this.take(points, at);
    if (run) this.live.tell("runs");
  }

  /** Points of some runs, which are the news with this number. */
  take(points, number) {
    if (this.waiting.has("")) {
      this.waiting.get("").push([points, number]);
      return;
    }
    for (const [run, said] of Object.entries(points)) {
      if (number <= Math.max(this.since.get("") ?? -1, this.since.get(run) ?? -1)) continue;
      if (this.waiting.has(run)) this.waiting.get(run).push([{ [run]: said }, number]);
      else if (said.anew) this.load(run).catch(() => {});
      else if (Object.hasOwn(said.curves, this.metric)) this.append(run, said);
    }
  }

  append(run, said) {
    const { curves, clocks } = this.answer;
    curves[run] = appended(curves[run], said.curves[this.metric]);
    if (said.times.length) clocks[run] = timed(clocks[run], said.times);
    this.answer = { curves, clocks };
  }
}

/** The number of the news that a place in them stands behind. */
export function numberOf(place) {
  return Number(place.split("-")[1]);
}
