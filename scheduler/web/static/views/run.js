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

/** The panel of the run that is open. */
export function runPanel(root, page) {
  const { state } = page;
  const title = h("h2", { tabindex: "-1" }), place = h("span", { class: "soft" }), body = h("div", { class: "body" });
  const beside = button("", mark);
  const before = button("‹ previous", () => go(-1)), after = button("next ›", () => go(1));
  const panel = h("section", { id: "run", class: "panel", hidden: true, "aria-label": "run" },
    h("div", { class: "head" }, title, h("div", { class: "row" }, before, after, place, beside, button("close", close))), body);
  root.append(panel);
  let opener = null, shown = null, output = null, timer = 0, turn = 0;

  function runs() {
    const open = state.get("open");
    const first = page.byId.get(open) ?? (open ? page.runs.find((run) => run.id.startsWith(open)) : null);
    const marked = state.get("beside");
    return { open, first, others: first ? page.runs.filter((run) => run !== first && marked.includes(run.id.slice(0, 8))) : [] };
  }

  async function update() {
    const { open, first: run, others } = runs(), now = ++turn;
    clearTimeout(timer);
    panel.hidden = !open;
    if (!open) return;
    if (!run) {
      fill(title, "no such run");
      fill(body, h("p", null, "The link names a run that is not here."));
      return;
    }
    heading(run);
    const [details, log] = await Promise.all([page.source.ask("details", run.id), page.source.ask("logs", run.id)]);
    if (now !== turn) return;
    draw(run, others, details ?? {}, log);
    if (page.source.live && ACTIVE.has(run.state)) timer = setTimeout(follow, AGAIN, run, now);
  }

  /** The output while it grows; all else comes with the news about the runs. */
  async function follow(run, now) {
    const log = document.hidden ? null : await page.source.ask("logs", run.id);
    if (now !== turn) return;
    if (log) output.update(log, run, true);
    timer = setTimeout(follow, AGAIN, run, now);
  }

  function heading(run) {
    fill(title, h("span", { class: "swatch", style: { background: page.colour(run) } }), page.label(run));
    const at = page.filtered.indexOf(run);
    before.disabled = at <= 0;
    after.disabled = at < 0 || at === page.filtered.length - 1;
    fill(place, at < 0 ? "" : `${at + 1} of ${page.filtered.length}`);
    const isMarked = state.get("beside").includes(run.id.slice(0, 8));
    beside.textContent = isMarked ? "not beside others" : "put beside others";
  }

  function draw(run, others, details, log) {
    const parts = new Map([...body.querySelectorAll(":scope > details")].map((each) => [each.dataset.part, each.open]));
    const part = (name, content, open = true) => content && h("details", { "data-part": name, open: parts.get(name) ?? open },
      h("summary", null, h("h3", null, name)), content);
    if (shown !== run.id || !output) output = new Output();
    const old = body.scrollTop, isSame = shown === run.id;
    shown = run.id;
    const printed = part("Output", output.element), isWrong = WRONG.has(run.state);
    fill(body,
      others.length ? part("Side by side", sideBySide(page, [run, ...others])) : null,
      part("Facts", facts(run, details)),
      isWrong ? printed : null,
      part("Values", values(page, run, details)),
      part("Configuration", configuration(run)),
      part("Command", command(run, details)),
      isWrong ? null : printed,
      part("Where it comes from", provenance(details.origin, run, (what) => long(run, what))),
      details.events ? part("What happened", history(details), run.state !== "done") : null,
      details.line ? null : soft("More of it is not in this report; ", typed(run, "show"), " prints it."));
    output.update(log, run, page.source.live);
    body.scrollTop = isSame ? old : 0;
  }

  /** What is long of where a run comes from; in a report another run may have it. */
  async function long(run, what) {
    const found = await page.source.ask("provenance", run.id);
    const owner = found?.[`${what}_of`];
    return owner ? page.source.ask("provenance", owner) : found;
  }

  function go(step) {
    const at = page.filtered.indexOf(runs().first);
    const next = page.filtered[at + step];
    if (next) state.set("open", next.id);
  }

  function mark() {
    const short = runs().first?.id.slice(0, 8), now = state.get("beside");
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
    if (event.key === "Escape" && !event.defaultPrevented && !panel.hidden) close();
  });
  page.on((what) => {
    const wasOpen = !panel.hidden;
    if (["open", "beside", "runs", "look"].includes(what)) update();
    else if (what === "shown" && runs().first) heading(runs().first);
    if (what === "open") moveFocus(wasOpen);
  });
  update();
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
