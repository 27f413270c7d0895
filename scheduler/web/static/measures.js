// What a run can be placed by: its parameters, the best values of its metrics, and facts such as how long it took. And the scales
// that these make: of numbers, even or logarithmic, and of names.

import { duration, natural, number, plain } from "./format.js";

const FACTS = [
  ["duration", "duration", (run) => run.duration, duration],
  ["rows", "rows logged", (run) => run.rows, number],
  ["number", "number of the job", (run) => run.number, number],
  ["memory_peak", "peak memory (GiB)", (run) => gib(run.used?.memory_peak), number],
  ["gpu_memory_peak", "peak GPU memory (GiB)", (run) => gib(run.used?.gpu_memory_peak), number],
  ["energy_wh", "energy (Wh)", (run) => run.used?.energy_wh, number],
];
const FEW = 6; // different numbers that each get a mark of their own
const GAPS = 12; // numbers whose gaps say which scale they are made for
const SPREAD = 8; // times between the least and the greatest from which a logarithmic scale may show more
const DECADES = 40; // on an axis with a line for each power of ten at most
const FINE = 1e-12; // of the size of the numbers, a step between two marks has at least
const STEPS = [1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 14400, 28800, 86400]; // seconds

function gib(mebibytes) {
  return typeof mebibytes === "number" ? mebibytes / 2 ** 10 : undefined;
}

/** All of them: {key, label, kind: "parameter" | "metric" | "fact", of(run), text(value), goal}. `goal` of metrics only; a run
 * that has no value gives undefined. Parameters are those that differ among the runs. */
export function measures(page) {
  const { answer, runs } = page;
  const parameters = answer.parameters.filter((name) => differs(runs, name)).map((name) => (
    { key: `config.${name}`, label: name, kind: "parameter", of: (run) => run.config[name], text: short }));
  const metrics = answer.metrics.map((name) => {
    const of = (run) => page.best(run, name) ?? undefined;
    return { key: `best.${name}`, label: name, kind: "metric", of, text: number, goal: page.goal(name) };
  });
  const first = runs.reduce((least, run) => Math.min(least, run.started ?? Infinity), Infinity);
  const ended = (run) => (typeof run.ended === "number" ? run.ended - first : undefined);
  const facts = [...FACTS, ["ended", "ended, since the first began", ended, duration]];
  return [...parameters, ...metrics, ...facts
    .map(([key, label, of, text]) => ({ key, label, kind: "fact", of, text, timed: text === duration }))
    .filter(({ of }) => runs.some((run) => typeof of(run) === "number"))];
}

function short(value) {
  return typeof value === "number" ? number(value) : plain(value);
}

function differs(runs, name) {
  const first = JSON.stringify(runs[0]?.config[name]);
  return runs.some((run) => JSON.stringify(run.config[name]) !== first);
}

/** Whether the space of a sweep says that a parameter is logarithmic: true, false, or null where nothing is said. */
export function saidOf(sweeps, key) {
  for (const sweep of sweeps ?? []) {
    const said = sweep.parameters[key.replace(/^config\./, "")]?.distribution;
    if (said && !said.startsWith("categorical") && said !== "constant") return said.includes("log");
  }
  return null;
}

/** Where values lie, from 0 (low) to 1: {place(value), at(part), slots: [{name, part}], half, base, log, ticks(count)}. What is
 * no number has a slot, below the numbers where there are any; `at` is the number at a part from `base` on. `log`: true, false,
 * or null for what shows more. */
export function scaleOf(values, { log = null, text = short, timed = false } = {}) {
  const numbers = [...new Set(values.filter(Number.isFinite))].sort((one, other) => one - other);
  const names = [...new Set(values.filter((value) => !Number.isFinite(value)).map(nameOf))].sort(byName);
  const mixed = names.length && (numbers.length < 2 || names.length > 4);
  if (!numbers.length || mixed) return named([...names, ...numbers.map(nameOf)]);
  const base = names.length ? names.length * 0.09 + 0.06 : 0;
  const slots = names.map((name, index) => ({ name, part: 0.09 * (names.length - index - 0.5) }));
  return { ...numeric(numbers, base, log ?? spread(numbers), text, timed), slots, half: 0.045, base };
}

/** What a value that is no number is called. */
export function nameOf(value) {
  return value === undefined ? "not set" : plain(value);
}

function byName(one, other) {
  const rank = (name) => (name === "not set" ? 2 : name === "null" ? 1 : 0);
  return rank(one) - rank(other) || natural(one, other);
}

function named(names) {
  const half = 0.5 / names.length;
  const slots = names.map((name, index) => ({ name, part: 1 - (index + 0.5) / names.length }));
  const parts = new Map(slots.map(({ name, part }) => [name, part]));
  return {
    log: false, slots, half, base: 1, at: () => null, place: (value) => parts.get(nameOf(value)) ?? null,
    ticks(count) {
      const every = Math.ceil(slots.length / (3 * count));
      return slots.filter((_, index) => index % every === 0).map(({ name, part }) => ({ part, text: name }));
    },
  };
}

function numeric(numbers, base, log, text, timed) {
  const rule = log && numbers[0] > 0 ? Math.log : (value) => value;
  const back = rule === Math.log ? Math.exp : (value) => value;
  const low = rule(numbers[0]), high = rule(numbers.at(-1));
  const along = (value) => (rule(value) / 2 - low / 2) / (high / 2 - low / 2); // halves, for far ends are no number apart
  const part = (value) => (high === low ? 0.5 : along(value)) * (1 - base) + base;
  const between = (at) => low * (1 - at) + high * at;
  const slot = new Map();
  return {
    log: rule === Math.log,
    place(value) {
      if (Number.isFinite(value)) return rule === Math.log && value <= 0 ? null : part(value);
      if (!slot.size) for (const each of this.slots) slot.set(each.name, each.part);
      return slot.get(nameOf(value)) ?? null;
    },
    at: (at) => (high === low ? numbers[0] : back(between((at - base) / (1 - base)))),
    ticks(count) {
      const found = marks(numbers, rule === Math.log, count, timed).map((value) => ({ part: part(value), text: text(value) }));
      return [...apart(found), ...this.slots.map(({ name, part: at }) => ({ part: at, text: name }))];
    },
  };
}

/** Whether positive numbers lie more evenly on a logarithmic scale: a few by the gaps between them, many by their middle. */
function spread(numbers) {
  const low = numbers[0], high = numbers.at(-1), middle = numbers[numbers.length >> 1];
  if (low <= 0 || numbers.length < 3 || high / low < SPREAD) return false;
  if (numbers.length <= GAPS) return uneven(numbers.map(Math.log)) < uneven(numbers);
  const even = (middle - low) / (high - low), logarithmic = Math.log(middle / low) / Math.log(high / low);
  return Math.abs(logarithmic - 0.5) < Math.abs(even - 0.5);
}

/** How much the gaps differ: the greatest as a part of all. */
function uneven(numbers) {
  const gaps = numbers.slice(1).map((value, index) => value - numbers[index]);
  return Math.max(...gaps) / (numbers.at(-1) - numbers[0]);
}

function marks(numbers, log, count, timed) {
  if (numbers.length <= FEW) return numbers;
  return log ? decades(numbers[0], numbers.at(-1)) : round(numbers[0], numbers.at(-1), count, timed);
}

/** Marks that do not touch one another. */
function apart(ticks) {
  let last = -1;
  return ticks.filter(({ part }) => (part - last >= 0.05 ? (last = part, true) : false));
}

function decades(low, high) {
  const found = [];
  const factors = high / low > 1e3 ? [1] : high / low > 30 ? [1, 3] : [1, 2, 5];
  for (let power = Math.floor(Math.log10(low)); power <= Math.log10(high); power++) {
    for (const factor of factors) found.push(Number((factor * 10 ** power).toPrecision(3)));
  }
  return found.filter((value) => value >= low && value <= high);
}

/** Where a logarithmic axis has lines; those of uPlot have no end above 1e32. */
export function powers(low, high) {
  const found = [low], first = Math.floor(Math.log10(low)), last = Math.floor(Math.log10(high));
  const every = Math.ceil((last - first + 1) / DECADES);
  for (let power = first; power <= last; power += every) {
    for (const factor of every > 1 ? [1] : [1, 2, 3, 4, 5, 6, 7, 8, 9]) found.push(Number(`${factor}e${power}`));
  }
  return found.filter((value, index) => index === 0 || (value > low && value <= high));
}

/** Round numbers from `low` to `high`, about so many; `timed`: seconds, in steps as clocks have them. */
export function round(low, high, count, timed = false) {
  const least = FINE * Math.max(Math.abs(low), Math.abs(high)); // in smaller steps a number may not move at all
  const rough = Math.max(high / count - low / count, least) || 1;
  const power = 10 ** Math.floor(Math.log10(rough));
  const clock = timed && rough > 0.5 ? STEPS.find((each) => each >= rough) : undefined;
  const by = clock ?? [1, 2, 5, 10].map((each) => each * power).find((each) => each >= rough * 0.999);
  const found = [];
  for (let index = Math.ceil(low / by - 1e-9), last = Math.floor(high / by + 1e-9); index <= last; index++) {
    found.push(Number((index * by).toPrecision(12)));
  }
  return found.filter(Number.isFinite);
}

/** The least and the greatest. */
export function extent(numbers) {
  return numbers.reduce(([least, most], value) => [Math.min(least, value), Math.max(most, value)], [Infinity, -Infinity]);
}

/** The value that a run has of a measure, in words. */
export function said(measure, run) {
  const value = measure.of(run);
  return `${measure.label}: ${Number.isFinite(value) ? measure.text(value) : nameOf(value)}`;
}
