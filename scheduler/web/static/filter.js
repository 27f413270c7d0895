// Which runs are meant: `val_loss<0.3 and not tag:old`, `lr>=0.01 adam`. The same words as `exp-queue status` takes, without
// brackets; what is no comparison is looked for in names, groups, tags, notes and parameters.

const TERM = /^(.+?)(<=|>=|!=|==|=|<|>)(.*)$/;

/** A test for runs, and what is wrong with the text, "" for nothing; then the test lets all pass. */
export function matcher(text, answer) {
  const words = text.trim().split(/\s+/).filter((word) => word && word.toLowerCase() !== "and");
  const ways = [[]];
  let negated = false;
  for (const word of words) {
    if (word.toLowerCase() === "or") ways.push([]);
    else if (word.toLowerCase() === "not") negated = !negated;
    else {
      const test = term(word, answer);
      if (typeof test === "string") return { test: () => true, problem: test };
      ways.at(-1).push(negated ? (run) => !test(run) : test);
      negated = false;
    }
  }
  if (ways.some((tests) => !tests.length) && ways.length > 1) return { test: () => true, problem: 'a side of "or" is empty' };
  return { test: (run) => ways.some((tests) => tests.every((test) => test(run))), problem: "" };
}

function term(word, answer) {
  const [, name, operator, wanted] = TERM.exec(word) ?? [];
  if (name === undefined) return anywhere(word);
  const value = valueOf(name, answer);
  if (!value) return `no run has "${name}"`;
  return (run) => holds(value(run), operator, wanted);
}

function anywhere(word) {
  const [kind, name] = word.split(/:(.*)/);
  if (kind === "tag" && name) return (run) => run.tags.includes(name);
  if (kind === "group" && name) return (run) => run.group === name;
  const small = word.toLowerCase();
  return (run) => run.state === small || textOf(run).includes(small);
}

const texts = new WeakMap();

function textOf(run) {
  if (!texts.has(run)) {
    const config = Object.entries(run.config).map(([name, value]) => `${name}=${value}`);
    texts.set(run, [run.id, run.name, run.group, run.note, ...run.tags, ...config].join("\n").toLowerCase());
  }
  return texts.get(run);
}

/** How to find what a word such as `lr`, `val_loss`, `best.val_loss` or `duration` means in a run; null where it means nothing. */
export function valueOf(word, answer) {
  const [kind, name] = word.split(/\.(.*)/);
  if (name && kind === "config" && answer.parameters.includes(name)) return (run) => run.config[name];
  if (name && kind === "last") return (run) => run.last[name];
  if (name && kind === "min") return (run) => run.low[name];
  if (name && kind === "max") return (run) => run.high[name];
  if (name && kind === "best" && name in answer.goals) {
    return (run) => (answer.goals[name] === "maximize" ? run.high : run.low)[name];
  }
  if (answer.runs.some((run) => word in run && typeof run[word] !== "object")) return (run) => run[word];
  if (answer.parameters.includes(word)) return (run) => run.config[word];
  if (answer.runs.some((run) => word in run.last)) return (run) => run.last[word];
  const ends = answer.parameters.filter((each) => each.endsWith(`.${word}`));
  return ends.length === 1 ? (run) => run.config[ends[0]] : null;
}

function holds(value, operator, wanted) {
  if (value === undefined || value === null) return operator === "!=";
  const number = Number(wanted);
  if (typeof value === "number" && wanted !== "" && !Number.isNaN(number)) {
    return { "<": value < number, ">": value > number, "<=": value <= number, ">=": value >= number, "!=": value !== number }[operator]
      ?? value === number;
  }
  const text = typeof value === "object" ? JSON.stringify(value) : String(value);
  if (operator === "=" || operator === "==") return text === wanted;
  return operator === "!=" ? text !== wanted : false;
}
