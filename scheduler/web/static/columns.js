// What stands in a table of runs, by the words that `exp-queue compare` has for it, and in which order. The rules are those of
// `scheduler/actions/columns.py` and `compare.py`.

import { amount, duration, mebibytes, moment, number, percent, plain } from "./format.js";

const METRICS = 4; // columns of metrics where nobody names any
const COUNTS = ["epoch", "step", "global_step", "iteration", "iter", "batch"]; // how far it is, not what came out
const AROUND = ["group", "tags", "command", "cwd", "program", "code", "commit", "gpu_model"];
const KINDS = ["best", "last", "min", "max"]; // of the values of a metric
const LATE = ["duration", "gpu_use", "energy_wh", "tags", "note"]; // beside the metrics, where any run has it

const USED = {
  gpu_use: percent, gpu_memory_peak: mebibytes, cpu_use: amount(" cores"), memory_peak: mebibytes, energy_wh: amount(" Wh"),
};

// Facts of a run, as people read them; the others are taken and shown as they are.
const TEXTS = {
  duration, submitted: moment, started: moment, ended: moment, ...USED, id: (value) => String(value).slice(0, 8),
};
const VALUES = {
  tags: (run) => run.tags.join(",") || null,
  state: (run) => (run.paused && run.state === "running" ? "paused" : run.state),
  ...Object.fromEntries(Object.keys(USED).map((name) => [name, (run) => run.used[name]])),
};
const FACTS = [
  "state", "group", "tags", "note", "duration", "gpu_use", "energy_wh", "gpu_memory_peak", "cpu_use", "memory_peak", "submitted",
  "started", "ended", "attempt", "exit_status", "reason", "rows", "step", "source", "objective", "best", "best_at", "gpu",
  "gpu_model", "priority", "command", "cwd", "file", "program", "code", "commit", "sweep", "trial", "id",
];

/** All columns that there may be, by their words: {word, kind, value(run), text(value), goal, metric, marked}. `goal`: which way
 * it is better, "" for what is neither; `marked`: so that its best is marked. Where only the name of a metric tells its goal,
 * that is done where somebody asks for the best of it. */
export function columnsOf(page) {
  const { answer, runs } = page;
  const found = new Map();
  const plainly = { text: number, goal: "", metric: "", marked: false };
  const add = (word, kind, value, more = {}) => found.set(word, { word, kind, value, ...plainly, ...more });
  for (const word of FACTS) {
    const value = VALUES[word] ?? ((run) => run[word]);
    if (runs.some((run) => present(value(run)))) add(word, "about", value, { text: TEXTS[word] ?? number });
  }
  const last = new Set(runs.flatMap((run) => Object.keys(run.last)));
  const measured = new Set([...answer.metrics, ...last].flatMap((name) => KINDS.map((kind) => `${kind}.${name}`)));
  for (const name of answer.parameters) {
    let word = name;
    while (found.has(word) || last.has(word) || measured.has(word)) word = `config.${word}`;
    add(word, "parameters", (run) => run.config[name], { text: valueText, name });
  }
  for (const name of new Set([...answer.metrics, ...last])) {
    const isNumber = name in answer.goals, goal = isNumber ? page.goal(name) : "";
    const isSaid = isNumber && !answer.guessed.includes(name);
    const about = (word) => ({ goal, metric: name, marked: isSaid || word === "best" });
    const of = (word, value) => add(`${word}.${name}`, "metrics", value, about(word));
    if (isNumber) of("best", (run) => page.best(run, name));
    of("last", (run) => run.last[name]);
    if (isNumber) {
      of("min", (run) => run.low[name]);
      of("max", (run) => run.high[name]);
    }
  }
  return found;
}

function valueText(value) {
  return value === undefined ? "" : typeof value === "number" ? number(value) : plain(value);
}

function present(value) {
  return value !== undefined && value !== null && value !== "" && value !== false;
}

/** The columns where nobody names any: the parameters that differ, the objectives at their best and at the end, a few other
 * metrics, and what is told of any run beside them. */
export function usual(page, columns, runs) {
  const all = [...columns.values()];
  const group = columns.get("group");
  const late = LATE.map((word) => columns.get(word)).filter((each) => each && runs.some((run) => present(each.value(run))));
  return [
    columns.get("state"), group && differ(group, runs) ? group : null,
    ...all.filter((each) => each.kind === "parameters" && differ(each, runs)), ...measured(page, columns), ...late,
  ].filter(Boolean);
}

/** The metrics among them. */
export function measured(page, columns) {
  const names = page.answer.metrics;
  const objectives = [...new Set(page.runs.map((run) => run.objective))].filter((name) => names.includes(name));
  const others = names.filter((name) => !objectives.includes(name) && !COUNTS.includes(name));
  const shown = [...objectives, ...others.slice(0, Math.max(0, METRICS - objectives.length))];
  const words = [...objectives.map((name) => `best.${name}`), ...shown.map((name) => `last.${name}`)];
  return words.map((word) => columns.get(word)).filter(Boolean);
}

/** The columns in which not all are the same: of those that were asked for, else of parameters, of the command, the code and what
 * is around them, and of what came out. */
export function different(page, columns, runs, asked) {
  const parameters = [...columns.values()].filter((each) => each.kind === "parameters");
  const around = [...AROUND, "state"].map((word) => columns.get(word)).filter(Boolean);
  return (asked ?? [...parameters, ...around, ...measured(page, columns)]).filter((each) => differ(each, runs));
}

/** Whether not all have the same there. */
export function differ(column, runs) {
  const told = (run) => JSON.stringify(column.value(run) ?? null);
  const first = runs.length && told(runs[0]);
  return runs.some((run) => told(run) !== first);
}

/** Puts values in order: numbers before texts, and last what is missing or no number, whichever way round. */
export function ordering(way) {
  const sign = way === "max" ? -1 : 1;
  return (one, other) => {
    const [kind, value] = rank(one), [otherKind, otherValue] = rank(other);
    if (kind !== otherKind) return kind - otherKind;
    return value < otherValue ? -sign : value > otherValue ? sign : 0;
  };
}

function rank(value) {
  if (typeof value === "number" || typeof value === "boolean") return [0, Number(value)];
  if (value === undefined || value === null || value === "" || isOdd(value)) return [2, 0];
  return [1, typeof value === "string" ? value : JSON.stringify(value)];
}

/** Whether it is one of the texts that stand for NaN and the infinities. */
export function isOdd(value) {
  return value === "NaN" || value === "Infinity" || value === "-Infinity";
}

/** The rows in this order, "WORD:min" or "WORD:max"; "" or an unknown word: as they are. */
export function sorted(rows, columns, order) {
  const [word, way] = split(order);
  const column = columns.find((each) => each.word === word);
  if (!column) return rows;
  const before = ordering(way), values = new Map(rows.map((row) => [row, column.value(row)]));
  return [...rows].sort((one, other) => before(values.get(one), values.get(other)));
}

/** `best.loss:min` as its word and its way. */
export function split(order) {
  const at = order.lastIndexOf(":");
  return at < 0 ? ["", ""] : [order.slice(0, at), order.slice(at + 1)];
}

/** By word of a column the best value that any of these rows has; those where all are alike have none. */
export function bests(rows, columns) {
  const found = new Map();
  for (const column of columns.filter((each) => each.goal && each.marked)) {
    let low = Infinity, high = -Infinity;
    for (const value of rows.map(column.value).filter((each) => typeof each === "number")) {
      low = Math.min(low, value);
      high = Math.max(high, value);
    }
    if (low < high) found.set(column.word, column.goal === "maximize" ? high : low);
  }
  return found;
}
