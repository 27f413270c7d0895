// Runs that are alike but for some parameters, such as a seed, as one row. The rules are those of `compare --group-by`
// (`scheduler/actions/compare.py`).

import { differ, measured } from "./columns.js";
import { csv } from "./csv.js";
import { number } from "./format.js";

const SUCCEEDED = new Set(["done", "stopped_early"]);
const MEASURED = new Set(["duration", "gpu_use", "energy_wh", "gpu_memory_peak", "cpu_use", "memory_peak", "best", "best_at"]);
const ALIKE = ["group", "cwd", "command"]; // what runs of one row have in common beside their parameters
const LEFT_OUT = "left out";
const PROGRAM = "program";
const ABOUT = { kind: "about", goal: "", metric: "", text: (value) => value ?? "" };
const UNFINISHED = new Set(["queued", "held", "starting", "running", "stopping"]);

/** The groups, and the columns that tell them apart and say what came out: {rows, columns}. A row has `members`, `succeeded` (of
 * each experiment the newest run that succeeded), `failed`, `unfinished` and `versions`, of their program. */
export function together(page, columns, runs, by, asked) {
  const rows = groups(runs, by);
  const first = rows.map((row) => row.members[0]);
  const tells = (each) => (each.kind === "parameters" ? !by.includes(each.name) : ALIKE.includes(each.word));
  const telling = [...columns.values()].filter((each) => tells(each) && differ(each, first));
  const numbers = asked?.filter((each) => each.kind === "metrics" || (each.kind === "about" && isMeasured(each, runs))) ?? [];
  const shown = numbers.length ? numbers : measured(page, columns);
  return {
    rows,
    columns: [
      ...telling.map((each) => ({ ...each, value: (row) => each.value(row.members[0]) })),
      ...shown.map(mean),
      { ...ABOUT, word: LEFT_OUT, value: leftOut },
      ...(rows.some(mixed) ? [{ ...ABOUT, word: PROGRAM, value: mixed }] : []),
    ],
  };
}

function isMeasured(column, runs) {
  return MEASURED.has(column.word) && runs.some((run) => typeof column.value(run) === "number");
}

function groups(runs, by) {
  const found = new Map();
  for (const run of [...runs].sort((one, other) => one.number - other.number)) {
    const key = likeness(run, by);
    if (!found.has(key)) found.set(key, []);
    found.get(key).push(run);
  }
  return [...found].map(([key, members]) => {
    const succeeded = new Map(members.filter((run) => SUCCEEDED.has(run.state)).map((run) => [likeness(run, []), run]));
    const unfinished = members.filter((run) => UNFINISHED.has(run.state)).length;
    const failed = members.filter((run) => !SUCCEEDED.has(run.state)).length - unfinished;
    const versions = new Set([...succeeded.values()].map((run) => run.code).filter(Boolean)).size;
    return { id: key, members, succeeded: [...succeeded.values()], failed, unfinished, versions };
  });
}

function likeness(run, by) {
  const config = Object.entries(run.config).filter(([name]) => !by.includes(name));
  config.sort(([one], [other]) => (one < other ? -1 : 1));
  return JSON.stringify([...ALIKE.map((word) => run[word] ?? null), config]);
}

/** A column of means: its text says the spread, and of how many values it is where these are not all. */
function mean(column) {
  const cache = new WeakMap();
  const of = (row) => {
    if (!cache.has(row)) cache.set(row, statistics(row.succeeded.map(column.value)));
    return cache.get(row);
  };
  const text = (value, row) => {
    const { deviation, count } = of(row);
    if (value === null) return "";
    const spread = deviation === null ? "" : ` ± ${number(Number(deviation.toPrecision(2)))}`;
    return `${column.text(value)}${spread}${count === row.succeeded.length ? "" : ` (of ${count})`}`;
  };
  return { ...column, value: (row) => of(row).mean, text, statistics: of };
}

/** Of the finite numbers among them: their mean, their sample standard deviation (with n - 1; null of fewer than two), and how
 * many they are. */
export function statistics(values) {
  const numbers = values.filter((value) => typeof value === "number" && Number.isFinite(value));
  if (!numbers.length) return { mean: null, deviation: null, count: 0 };
  const average = numbers.reduce((sum, value) => sum + value, 0) / numbers.length;
  if (numbers.length === 1) return { mean: average, deviation: null, count: 1 };
  const squares = numbers.reduce((sum, value) => sum + (value - average) ** 2, 0);
  return { mean: average, deviation: Math.sqrt(squares / (numbers.length - 1)), count: numbers.length };
}

function leftOut(row) {
  const told = [row.failed ? `${row.failed} failed` : "", row.unfinished ? `${row.unfinished} not over` : ""];
  return told.filter(Boolean).join(", ") || null;
}

/** That its mean is over runs of unlike programs. */
function mixed(row) {
  return row.versions > 1 ? `${row.versions} versions` : null;
}

/** As `compare --group-by --format csv` writes it. */
export function meansAsText(columns, rows) {
  const names = (each) => (each.statistics ? ["mean", "std", "count"].map((part) => `${each.word}.${part}`) : [each.word]);
  const cells = (each, row) => {
    if (!each.statistics) return [each.value(row)];
    const { mean, deviation, count } = each.statistics(row);
    return [mean, deviation, count];
  };
  const parts = [columns.filter((each) => !each.statistics), columns.filter((each) => each.statistics)];
  const [telling, measures] = parts.map((part) => part.filter((each) => ![LEFT_OUT, PROGRAM].includes(each.word)));
  const counted = ["jobs", "failed", "unfinished", "versions"];
  return csv([...telling.flatMap(names), ...counted, ...measures.flatMap(names)], rows.map((row) => [
    ...telling.flatMap((each) => cells(each, row)), row.succeeded.length, row.failed, row.unfinished, row.versions,
    ...measures.flatMap((each) => cells(each, row)),
  ]));
}
