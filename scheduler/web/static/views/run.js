// One run: what it was, what came out, what it printed, where it comes from; beside others, in what they differ. It lies over the
// page at its right edge, so that the charts stay in sight.

import { copyButton } from "../csv.js";
import { button, fill, h } from "../dom.js";
import { duration, moment, number, plain } from "../format.js";
import { configuration, sideBySide } from "../run/configuration.js";
import { Output } from "../run/output.js";
import { grid, pairs, soft, typed } from "../run/parts.js";
import { provenance } from "../run/provenance.js";

const AGAIN = 2000; // milliseconds between two looks at the output of a run that goes on
const WRONG = new Set(["failed", "timeout", "lost", "cancelled"]);
const ACTIVE = new Set(["starting", "running", "stopping"]);

/** The panel of the run that is open. `acting`: what can be done with it from here. */
export function runPanel(root, page, acting) {
  const { state } = page;
  const title = h("h2", { tabindex: "-1" }), place = h("span", { class: "soft" }), body = h("div", { class: "body" });
  const beside = button("", mark);
  const before = button("‹ previous", () => go(-1)), after = button("next ›", () => go(1));
  const ways = h("div", { class: "row ways" }, before, after, place, beside, button("close", close));
  const panel = h("section", { id: "run", class: "panel", hidden: true, "aria-label": "run" },
    h("div", { class: "head" }, title, ways, acting), body);
  root.append(panel);
  const parts = new Parts(body);
  let opener = null, shown = "", output = null, printed = 0, timer = 0, turn = 0, beat = 0;

  function chosen() {
    const open = state.get("open"), marked = state.get("beside");
    const first = page.byId.get(open) ?? (open ? page.runs.find((run) => run.id.startsWith(open)) : null);
    return { open, first, others: first ? page.runs.filter((run) => run !== first && marked.includes(run.id.slice(0, 8))) : [] };
  }

  async function update() {
    const { open, first: run, others } = chosen(), now = ++turn;
    panel.hidden = !open;
    if (!open || !run) {
      rest();
      fill(title, "no such run");
      parts.show([["none", "", () => h("p", null, "The link names a run that is not here."), true]]);
      return;
    }
    heading(run);
    const isNew = shown !== run.id, isFollowed = page.source.live && ACTIVE.has(run.state);
    const [details, log] = await Promise.all([
      page.source.ask("details", run.id), isNew || !isFollowed ? page.source.ask("logs", run.id) : null,
    ]);
    if (now !== turn) return;
    if (isNew) begin(run);
    if (isNew || !isFollowed) print(run, log);
    parts.show(partsOf(page, run, others, details ?? {}, output));
    if (isNew) body.scrollTop = 0;
    output.toEnd();
    if (isFollowed && !timer) timer = setTimeout(follow, AGAIN, run.id, beat);
  }

  function begin(run) {
    rest();
    shown = run.id;
    parts.clear();
    output = new Output();
  }

  /** No run is followed any more. */
  function rest() {
    clearTimeout(timer);
    shown = "";
    timer = 0;
    beat++;
  }

  function print(run, log) {
    printed = log?.size ?? 0;
    output.update(log, run, page.source.live);
  }

  /** The output while it grows: asked for where there is more of it. All else comes with the news about the run. */
  async function follow(id, mine) {
    const asked = document.hidden ? null : await page.source.output(id, printed);
    const log = asked && asked.size !== printed ? await page.source.again("logs", id) : null;
    const run = page.byId.get(id);
    if (mine !== beat || !run) return;
    if (log) print(run, log);
    timer = ACTIVE.has(run.state) ? setTimeout(follow, AGAIN, id, mine) : 0;
  }

  function heading(run) {
    fill(title, h("span", { class: "swatch", style: { background: page.colour(run) } }), page.label(run));
    panel.setAttribute("aria-label", `run ${page.label(run)}`);
    const at = page.filtered.indexOf(run);
    before.disabled = at <= 0;
    after.disabled = at < 0 || at === page.filtered.length - 1;
    fill(place, at < 0 ? "" : `${at + 1} of ${page.filtered.length}`);
    const isMarked = state.get("beside").includes(run.id.slice(0, 8));
    beside.textContent = isMarked ? "not beside others" : "put beside others";
  }

  function go(step) {
    const next = page.filtered[page.filtered.indexOf(chosen().first) + step];
    if (next) state.set("open", next.id);
  }

  function mark() {
    const short = chosen().first?.id.slice(0, 8), now = state.get("beside");
    if (short) state.set("beside", now.includes(short) ? now.filter((each) => each !== short) : [...now, short]);
  }

  function close() {
    state.set("open", "");
  }

  /** The keyboard goes into the panel when it opens, and back to where it was. */
  function moveFocus(wasOpen) {
    if (!wasOpen && !panel.hidden) {
      opener = document.activeElement;
      title.focus({ preventScroll: true });
    } else if (wasOpen && panel.hidden) opener?.focus?.({ preventScroll: true });
  }

  document.addEventListener("keydown", (event) => {
    const isWriting = panel.contains(event.target) && Boolean(event.target.value); // what is written is not thrown away
    if (event.key === "Escape" && !event.defaultPrevented && !panel.hidden && !isWriting) close();
  });
  page.on((what) => {
    const wasOpen = !panel.hidden;
    if (["open", "beside", "runs", "look"].includes(what)) update();
    else if (what === "shown" && chosen().first) heading(chosen().first);
    if (what === "open") moveFocus(wasOpen);
  });
  update();
}

/** The parts of the panel, which can be folded. One that is as it was stays, with the focus, the search and all else in it. */
class Parts {
  constructor(root) {
    this.root = root;
    this.made = new Map();
    this.folds = new Map(); // as the reader likes them
  }

  clear() {
    this.made.clear();
  }

  /** `list`: [name, what it depends on, make(), open] of each. */
  show(list) {
    const old = [...this.root.children], elements = list.map((part) => this.element(...part));
    if (old.length !== elements.length) fill(this.root, elements);
    else elements.forEach((element, index) => element !== old[index] && old[index].replaceWith(element));
    for (const name of [...this.made.keys()]) if (!list.some(([each]) => each === name)) this.made.delete(name);
  }

  element(name, depends, make, isOpen) {
    const key = JSON.stringify(depends), before = this.made.get(name);
    if (before?.key === key) return before.element;
    const element = h("details", { "data-part": name, open: this.folds.get(name) ?? isOpen },
      h("summary", null, h("h3", null, name)), make());
    element.addEventListener("toggle", () => element.isConnected && this.folds.set(name, element.open));
    this.made.set(name, { key, element });
    return element;
  }
}

function partsOf(page, run, others, details, output) {
  const printed = ["Output", 0, () => output.element, true], isWrong = WRONG.has(run.state);
  const long = async (what) => {
    const found = await page.source.ask("provenance", run.id), owner = found?.[`${what}_of`];
    return owner ? page.source.ask("provenance", owner) : found; // in a report another run has it
  };
  const all = [run, ...others], colours = all.map((each) => page.colour(each));
  return [
    others.length && ["Side by side", [colours, all.map((each) => [each.id, each.config])], () => sideBySide(page, all), true],
    ["Facts", [run, details], () => facts(run, details), true],
    isWrong && printed,
    ["Values", [run.last, run.low, run.high, details.series], () => values(page, run, details), true],
    ["Configuration", run.config, () => configuration(run), true],
    ["Command", details.line, () => command(run, details), true],
    !isWrong && printed,
    ["Where it comes from", [run.attempt, details.origin], () => provenance(details.origin, run, long), true],
    details.events && ["What happened", [details.events, details.attempts], () => history(details), run.state !== "done"],
    !details.line && ["More", 0, () => soft("More of it is not in this report; ", typed(run, "show"), " prints it."), true],
  ].filter(Boolean);
}

function facts(run, details) {
  const state = run.paused && run.state === "running" ? "paused" : run.state;
  const latest = details.attempts?.at(-1);
  return pairs([
    ["state", run.reason ? `${state}: ${run.reason}` : state], ["it waits", details.waits], ["now", details.standing],
    ["exit status", run.exit_status === undefined ? "" : String(run.exit_status)],
    ["name", run.name], ["id", run.id], ["group", run.group],
    ["trial", run.sweep ? `${run.trial} of sweep ${run.sweep.slice(0, 8)}` : ""],
    ["tags", run.tags.join(" ")], ["note", run.note],
    ["submitted", moment(run.submitted)], ["started", moment(run.started)], ["ended", moment(run.ended)],
    ["took", duration(run.duration)], ["attempts", run.attempt > 1 ? String(run.attempt) : ""],
    ["ran on", [latest?.place, run.gpu_model].filter(Boolean).join(", ")],
    ["computed on", latest?.elsewhere ? `GPU ${latest.elsewhere}, which it was not given` : ""],
    ["used", details.used], ["energy", details.energy],
    ["seeds", Object.entries(details.seeds ?? {}).map(([name, value]) => `${name} ${plain(value)}`).join(", ")],
    ["priority", run.priority ? String(run.priority) : ""], ["file", run.file], ["directory", run.cwd], ["logged in", run.source],
  ]);
}

/** The last value of each metric with its extremes, and where these were reached first. */
function values(page, run, details) {
  const names = Object.keys(run.last);
  if (!names.length) return soft("It has logged nothing.");
  const where = details.steps === false ? "row" : "step";
  const place = (at) => (typeof at === "number" ? h("span", { class: "soft" }, ` at ${where} ${number(at)}`) : null);
  const extreme = (name, goal, value, at) => {
    const isGoal = name in page.answer.goals && !page.answer.guessed.includes(name) && page.goal(name) === goal;
    const isBest = isGoal && run.low[name] !== run.high[name];
    return h("td", { class: isBest ? "best" : null }, value === undefined ? null : [number(value), place(at)]);
  };
  const row = (name) => {
    const series = details.series?.[name];
    const odd = series?.odd ? h("span", { class: "problem" }, ` ${series.odd} not finite`) : null;
    return h("tr", null, h("th", { scope: "row" }, name), h("td", null, number(run.last[name]), odd),
      extreme(name, "minimize", run.low[name], series?.low_at), extreme(name, "maximize", run.high[name], series?.high_at));
  };
  return grid("values", ["metric", "last", "smallest", "largest"], h("tbody", { class: "values" }, names.map(row)));
}

function command(run, details) {
  const line = details.line ?? run.command;
  const there = run.cwd ? copyButton("copy with its directory", () => `cd ${quoted(run.cwd)} && ${line}`) : null;
  const ways = h("div", { class: "controls" }, copyButton("copy", () => line), there);
  return h("div", null, h("pre", { class: "line" }, line), ways);
}

/** As a shell takes it. */
function quoted(text) {
  return /^[\w./@%+=:,-]+$/.test(text) ? text : `'${text.replaceAll("'", "'\"'\"'")}'`;
}

/** Its attempts, and all that happened to it. */
function history({ attempts, events }) {
  const body = (rows) => h("tbody", null, rows.map((cells) => h("tr", null, cells.map((cell) => h("td", null, cell)))));
  const tries = attempts.map((each) => [
    each.number, each.state ?? "open", moment(each.started), duration(each.duration), each.place, told(each),
  ]);
  const news = events.map(([at, attempt, ...what]) => [moment(at), attempt ?? "", ...what]);
  return h("div", null,
    tries.length > 1 ? grid("attempts", ["attempt", "state", "began", "took", "where", "what"], body(tries)) : null,
    grid("events", ["at", "attempt", "state", ""], body(news)));
}

function told({ reason, exit_status: status }) {
  const isSaid = status === null || reason.startsWith("exit status");
  return [reason, isSaid ? "" : `exit status ${status}`].filter(Boolean).join(", ");
}
