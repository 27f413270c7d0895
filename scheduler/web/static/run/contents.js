// What is shown of a run: its facts, its values, its command, what happened to it. Longer parts are files beside this one.

import { copyButton } from "../csv.js";
import { h } from "../dom.js";
import { duration, moment, number, plain } from "../format.js";
import { configuration, sideBySide } from "./configuration.js";
import { grid, pairs, soft, typed } from "./parts.js";
import { provenance } from "./provenance.js";

const WRONG = new Set(["failed", "timeout", "lost", "cancelled"]);

/** What the panel shows of a run, beside others, in this order, as `Folds` takes it. */
export function partsOf(page, run, others, details, output) {
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
