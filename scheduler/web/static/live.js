// Where the views get what they draw while jobs run: from the server of this page. What is loaded stays as it is, and what is new
// comes by itself: changed rows of the list, further points of curves.

import { Held, numberOf } from "./held.js";
import { canProve, hasKey, keyOf } from "./key.js";
import { bare } from "./source.js";

const PAUSES = [500, 1000, 2000, 4000, 8000]; // milliseconds between two tries
const SILENCE = 40000; // after which a line is dead: the server says something every 15 s
const KNOWN = 50; // answers that are not sent again where they are the same
const UNSEEN = 10000; // after which a page that nobody sees rests
const STOPPED = 20000; // after which it is said that nobody is there

/** The source, once the list of runs is there. */
export async function connected() {
  const live = new Live(keyOf(location.hash));
  if (!live.key) throw new Error("open the address that `exp-queue ui` has printed, with all that stands behind the #");
  await live.load();
  live.listen();
  return live;
}

export class Live {
  constructor(key) {
    this.key = key;
    this.live = true;
    this.state = "live"; // or "reconnecting", "stopped", "locked"
    this.listeners = [];
    this.held = new Map(); // curves, by metric
    this.asked = new Map(); // other answers, by question and run
    this.known = new Map(); // what the server need not send again, by path
    this.isProven = true; // this very server has sent us the page
    addEventListener("hashchange", () => this.unlock(keyOf(location.hash)));
  }

  /** The list of runs as it is now. */
  async runs() {
    return this.answer;
  }

  /** Of one metric: curves and clocks, by run. The same object until something in it is another. */
  async curves(metric) {
    if (!this.held.has(metric)) this.held.set(metric, new Held(this, metric));
    const held = this.held.get(metric);
    await held.ready;
    return held.answer;
  }

  /** Any other answer: of all runs (`run` null), or of one; undefined where there is none. */
  async ask(question, run = null) {
    const name = run === null ? question : `${question} ${run}`;
    if (!this.asked.has(name)) {
      const query = run === null ? "" : `?run=${encodeURIComponent(run)}`;
      const asked = { run, isThere: false, isOld: false };
      asked.answer = this.get(`/api/${encodeURIComponent(question)}${query}`).then((found) => found ?? undefined);
      asked.answer.catch(() => {}).then(() => this.answered(name, asked));
      this.asked.set(name, asked);
    }
    return this.asked.get(name).answer;
  }

  /** The same as it is now, whatever was asked before. */
  async again(question, run) {
    this.asked.delete(`${question} ${run}`);
    return this.ask(question, run);
  }

  /** It is there. What has changed while it was made is asked for again: one question at a time, however much is new. */
  answered(name, asked) {
    asked.isThere = true;
    if (asked.isOld && this.asked.get(name) === asked) {
      this.asked.delete(name);
      this.tell("runs");
    }
  }

  outdate(changed) {
    for (const [name, asked] of [...this.asked]) {
      if (asked.run !== null && !changed.has(asked.run)) continue;
      if (asked.isThere) this.asked.delete(name);
      else asked.isOld = true;
    }
  }

  /** What a run has printed: {from, next, size, text}, from a place on or, without one, the end of it; undefined for nothing. */
  async output(run, from = null) {
    return this.get(`/api/output?run=${encodeURIComponent(run)}${from === null ? "" : `&from=${from}`}`);
  }

  /** The address of a picture of a run, by the name of its file in the index, for an `img`; undefined where there is none. */
  async picture(run, file) {
    const response = await this.fetch(`/media/${[run, ...file.split("/")].map(encodeURIComponent).join("/")}`);
    return response.ok ? URL.createObjectURL(await response.blob()) : undefined;
  }

  /** Do something with runs, as the command line does; a sentence of what became of it. An error is a sentence too. */
  async act(verb, runs, more = {}) {
    const response = await this.fetch(`/do/${verb}`, {
      method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify({ ...more, jobs: runs }),
    }).catch(() => { throw new Error("nobody answers: is `exp-queue ui` still running?"); });
    const answer = await response.json();
    if (!response.ok) throw new Error(answer.error);
    return answer.done;
  }

  /** `listener` gets "runs" when rows or curves have changed, and "state". */
  on(listener) {
    this.listeners.push(listener);
  }

  tell(what) {
    for (const listener of this.listeners) listener(what);
  }

  turn(state) {
    if (this.state === state) return;
    this.state = state;
    this.tell("state");
  }

  // What is asked for.

  async load() {
    this.answer = bare(await this.get("/api/runs"));
    this.place = this.answer.place;
    this.held.clear();
    this.asked.clear();
  }

  /** JSON from the server; undefined where there is nothing. While nobody answers it waits. */
  async get(path) {
    for (let tries = 0; ; tries++) {
      const found = await this.answerOf(path).catch(() => null); // also one that breaks off amid its answer
      if (found?.status === 200 || found?.status === 304) return found.body;
      if (found?.status === 404) return undefined;
      if (found && found.status !== 503) throw new Error(found.body.error);
      await pause(tries);
    }
  }

  async answerOf(path) {
    const known = this.known.get(path);
    const response = await this.fetch(path, known && { headers: { "If-None-Match": known.tag } });
    if (response.status === 304) return { status: 304, body: known.body };
    const body = await response.json(), tag = response.headers.get("ETag");
    this.known.delete(path);
    if (tag) this.known.set(path, { tag, body });
    if (this.known.size > KNOWN) this.known.delete(this.known.keys().next().value);
    return { status: response.status, body };
  }

  async fetch(path, options = {}) {
    if (!(await this.proven())) throw new Error("another program listens where this page came from");
    const headers = { ...options.headers, Authorization: `Bearer ${this.key}` };
    const response = await fetch(path, { cache: "no-store", ...options, headers });
    if (response.status === 401) this.turn("locked");
    return response;
  }

  /** Whether the server is ours: after a lost line somebody else may listen there, and would get the key. */
  async proven() {
    if (this.isProven || !canProve() || !this.answer?.port) return true;
    this.isProven = await hasKey(this.key, this.answer.port);
    return this.isProven;
  }

  unlock(key) {
    if (!key || key === this.key) return;
    this.key = key;
    this.turn("reconnecting");
  }

  // What comes by itself.

  async listen() {
    for (let tries = 0, lost = Date.now(); ; tries++) {
      await seen();
      try {
        await this.follow(() => {
          tries = -1;
          this.turn("live");
        });
        lost = Date.now();
      } catch {
        if (this.state === "live") lost = Date.now();
      }
      this.isProven = false;
      if (this.state !== "locked") this.turn(Date.now() - lost > STOPPED ? "stopped" : "reconnecting");
      await pause(Math.max(tries, 0));
    }
  }

  /** Take in what comes over one line, until it ends. */
  async follow(begun) {
    const broken = new AbortController();
    let alarm = setTimeout(() => broken.abort(), SILENCE);
    const rest = resting(() => broken.abort());
    try {
      const response = await this.fetch("/api/events", { headers: { "Last-Event-ID": this.place }, signal: broken.signal });
      if (!response.ok) throw new Error(response.statusText);
      begun();
      const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
      for (let rest = "", read; !(read = await reader.read()).done;) {
        clearTimeout(alarm);
        alarm = setTimeout(() => broken.abort(), SILENCE);
        const events = (rest + read.value).split("\n\n");
        rest = events.pop();
        for (const event of events) await this.take(event);
      }
    } finally {
      clearTimeout(alarm);
      rest();
      broken.abort();
    }
  }

  async take(event) {
    const lines = event.split("\n").map((line) => /^(\w+): ?(.*)$/.exec(line)).filter(Boolean);
    const fields = Object.fromEntries(lines.map(([, name, value]) => [name, value]));
    if (fields.event === "anew") await this.load();
    else if (fields.event === "news") {
      this.place = fields.id;
      this.merge(JSON.parse(fields.data), numberOf(fields.id));
    } else return;
    this.tell("runs");
  }

  merge(news, number) {
    const { runs: patches, points = {}, gone = [], ...names } = news;
    const runs = new Map(this.answer.runs.map((run) => [run.id, run]));
    for (const patch of patches) runs.set(patch.id, patched(runs.get(patch.id), patch));
    for (const id of gone) runs.delete(id);
    const whole = { ...this.answer, ...names };
    bare({ goals: whole.goals, runs: patches.map((patch) => runs.get(patch.id)).filter(Boolean) });
    this.answer = { ...whole, runs: [...runs.values()] };
    for (const held of this.held.values()) held.take(points, number);
    this.outdate(new Set(patches.map((patch) => patch.id)));
  }
}

const MERGED = ["first", "last", "low", "high", "used"]; // of which only what is another comes
const NULLS = ["goal", "sweep", "trial"]; // which a row has always

function patched(run, patch) {
  const changed = { ...run, ...patch };
  for (const name of MERGED) if (run?.[name] && patch[name]) changed[name] = patched(run[name], patch[name]);
  for (const [name, value] of Object.entries(patch)) if (value === null && run && !NULLS.includes(name)) delete changed[name];
  return changed;
}

/** When somebody looks at the page. A browser has six lines to a server, for all its tabs: one that nobody sees needs none. */
async function seen() {
  while (document.hidden) await new Promise((done) => document.addEventListener("visibilitychange", done, { once: true }));
}

/** Call `leave` when nobody has looked for a while; the result ends that. */
function resting(leave) {
  let alarm;
  const look = () => {
    clearTimeout(alarm);
    if (document.hidden) alarm = setTimeout(leave, UNSEEN);
  };
  document.addEventListener("visibilitychange", look);
  return () => {
    clearTimeout(alarm);
    document.removeEventListener("visibilitychange", look);
  };
}

function pause(tries) {
  return new Promise((done) => setTimeout(done, PAUSES[Math.min(tries, PAUSES.length - 1)]));
}
