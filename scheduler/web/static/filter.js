// Which runs are meant: `val_loss<0.3 and not tag:old`. What a filter means to `exp-queue status` it means here. Beyond that a
// word that names nothing is looked for in names, groups, tags, notes and parameters, and what else is known of a run has a name.

import { FilterProblem, leaves, matches, numberOf, orders, parse, secondsOf, verdict, wrong } from "./grammar.js";

const ALIKE = { tags: "tag", experiment_group: "group", attempts: "attempt", status: "state", jobs: "number", job: "number" };
const NUMBERS = ["number", "attempt", "failures", "priority", "gpus", "exit_status"];
const SECONDS = ["duration", "age", "submitted"];
const TEXTS = ["group", "id", "file", "note", "tag", "state"];
const STATES = [
  "queued", "held", "starting", "running", "stopping", "done", "failed", "timeout", "cancelled", "lost", "stopped_early",
  "skipped", "paused",
];
const RANGES = /^#?[1-9][0-9]{0,17}(-[1-9][0-9]{0,17})?(,[1-9][0-9]{0,17}(-[1-9][0-9]{0,17})?)*$/;
const SERIES = { first: "first", min: "low", max: "high" };

/** A test for runs, and what is wrong with the text, "" for nothing; then the test lets all pass. */
export function matcher(text, answer) {
  if (!text.trim()) return { test: () => true, problem: "" };
  try {
    const tree = parse(text);
    const means = (leaf) => (leaf.word === undefined ? comparison(leaf, text, answer) : named(leaf.word, answer));
    const tests = new Map(leaves(tree).map((leaf) => [leaf, means(leaf)]));
    return { test: (run) => verdict(tree, (leaf) => tests.get(leaf)(run)), problem: "" };
  } catch (error) {
    if (!(error instanceof FilterProblem)) throw error;
    return { test: () => true, problem: error.message };
  }
}

// Words.

function named(word, answer) {
  const { runs } = answer;
  const [, kind, name] = /^(group|tag|trial):(.*)$/s.exec(word) ?? [];
  if (kind === "group") return (run) => run.group === name;
  if (kind === "tag") return (run) => run.tags.includes(name);
  if (kind === "trial") return trial(name, answer);
  if (word === "all") return () => true;
  if (word === "last") return is(runs.reduce((newest, run) => (run.number > newest.number ? run : newest), runs[0]));
  if (runs.some((run) => run.name === word)) return (run) => run.name === word;
  if (STATES.includes(word)) return inState(word);
  const numbers = RANGES.test(word) ? ranges(word) : null;
  if (numbers && runs.some(numbers)) return numbers;
  const begun = /^[0-9a-f]+$/.test(word) ? runs.filter((run) => run.id.startsWith(word)) : [];
  if (begun.length === 1) return is(begun[0]);
  if (runs.some((run) => run.group === word)) return (run) => run.group === word;
  const files = (run) => run.file === word || run.file?.endsWith(`/${word}`);
  return runs.some(files) ? files : anywhere(word);
}

function is(wanted) {
  return (run) => run === wanted;
}

function inState(state) {
  return state === "paused" ? (run) => Boolean(run.paused) : (run) => run.state === state;
}

/** `3-7,9`. */
function ranges(word) {
  const parts = word.replace("#", "").split(",").map((part) => part.split("-").map(Number));
  return ({ number }) => parts.some(([first, last]) => first <= number && number <= (last ?? first));
}

/** `7` of the newest sweep, or `SWEEP/7`. */
function trial(name, { runs }) {
  const [, sweep, number] = /^(?:(.*)\/)?(.*)$/s.exec(name);
  const trials = runs.filter((run) => run.sweep);
  const newest = trials.reduce((found, run) => (run.number > found.number ? run : found), trials[0]);
  return (run) => String(run.trial) === number && (sweep ? run.sweep?.startsWith(sweep) : run.sweep === newest?.sweep);
}

const texts = new WeakMap();

function anywhere(word) {
  const small = word.toLowerCase();
  return (run) => {
    if (!texts.has(run)) {
      const config = Object.entries(run.config).map(([name, value]) => `${name}=${value}`);
      texts.set(run, [run.id, run.name, run.group, run.note, ...run.tags, ...config].join("\n").toLowerCase());
    }
    return texts.get(run).includes(small);
  };
}

// Comparisons.

function comparison(asked, text, answer) {
  const name = Object.hasOwn(ALIKE, asked.name) ? ALIKE[asked.name] : asked.name;
  if (NUMBERS.includes(name) || SECONDS.includes(name)) return numeric(asked, name, text, answer);
  if (TEXTS.includes(name)) return textual(asked, name, text);
  const value = valueOf(asked, answer);
  if (!value) throw wrong(text, asked.at, `no run has "${asked.name}"${hint(asked.name, answer)}`);
  return (run) => {
    const found = value(run);
    return found !== undefined && matches(asked, found);
  };
}

function numeric(asked, name, text, { made }) {
  const bound = SECONDS.includes(name) ? secondsOf(asked.value) : numberOf(asked.value);
  if (bound === null || asked.operator.endsWith("~")) {
    const what = SECONDS.includes(name) ? "a number or a duration such as 1h30" : "a number";
    throw wrong(text, asked.valueAt, `${name} is ${what}, and is compared by < <= > >= = !=, not with "${asked.value}"`);
  }
  const value = name === "age" || name === "submitted" ? (run) => made - run.submitted : (run) => run[name];
  const wanted = { ...asked, value: String(bound).replace("Infinity", "inf") };
  return (run) => typeof value(run) === "number" && matches(wanted, value(run));
}

function textual(asked, name, text) {
  const { operator } = asked, wanted = asked.value.toLowerCase();
  if (orders(operator)) throw wrong(text, asked.at, `${name} is a text, which has no order; compare it by = != ~ !~`);
  if (name === "state" && !operator.endsWith("~")) {
    if (!STATES.includes(wanted)) throw wrong(text, asked.valueAt, `no job can be "${asked.value}"; ${STATES.join(", ")}`);
    const test = inState(wanted);
    return operator === "=" ? test : (run) => !test(run);
  }
  if (name === "tag" && !operator.endsWith("~")) return (run) => run.tags.includes(asked.value) === (operator === "=");
  if (name === "group" && operator === "!=") return (run) => run.group !== asked.value;
  const value = name === "tag" ? (run) => run.tags.join(" ") : (run) => run[name];
  return (run) => Boolean(value(run)) && matches({ operator, value: asked.value }, value(run)); // a text, never a number
}

/** How to find in a run what a name means, `lr`, `config.lr`, `val_loss` or `best.val_loss`: undefined where the run has none;
 * null where no run has any. */
function valueOf({ name, operator }, { runs, parameters, metrics }) {
  if (name === "name") return (run) => run.name;
  const known = (wanted) => parameters.includes(wanted);
  const parameter = known(name) ? name : name.replace(/^config\./, "");
  if (known(parameter)) return (run) => run.config[parameter];
  if (name.startsWith("config.")) return null;
  if (runs.some((run) => run.last[name] !== undefined)) return (run) => run.last[name];
  const [, prefix, metric] = /^(last|best|min|max|first)\.(.*)$/s.exec(name) ?? [];
  if (prefix === "last" && runs.some((run) => run.last[metric] !== undefined)) return (run) => run.last[metric];
  if (prefix in SERIES && metrics.includes(metric)) return (run) => run[SERIES[prefix]][metric];
  if (prefix === "best" && metrics.includes(metric)) return (run) => run[largest(run, metric, operator) ? "high" : "low"][metric];
  return runs.some((run) => Object.hasOwn(run, name) && typeof run[name] !== "object") ? (run) => run[name] : null;
}

/** Whether the best is the largest: as the run has it, else as the question would have it. */
function largest(run, metric, operator) {
  return run.objective === metric ? run.goal === "maximize" : orders(operator) && operator.startsWith(">");
}

function hint(name, { parameters, metrics }) {
  const names = [...parameters, ...metrics];
  const far = names.map((each) => [distance(each, name), each]).filter(([letters]) => letters <= name.length / 3);
  const near = names.find((each) => each.endsWith(`.${name}`)) ?? far.sort(([one], [other]) => one - other)[0]?.[1];
  if (near) return `; did you mean "${near}"?`;
  return names.length ? `; known are ${names.slice(0, 12).join(", ")}${names.length > 12 ? ", ..." : ""}` : "";
}

/** How many letters are to be changed, put in or left out. */
function distance(one, other) {
  if (Math.abs(one.length - other.length) > other.length / 3) return Infinity;
  let row = Array.from({ length: other.length + 1 }, (_, index) => index);
  for (let at = 1; at <= one.length; at++) {
    const next = [at];
    for (let index = 1; index <= other.length; index++) {
      next.push(Math.min(row[index] + 1, next[index - 1] + 1, row[index - 1] + (one[at - 1] === other[index - 1] ? 0 : 1)));
    }
    row = next;
  }
  return row.at(-1);
}
