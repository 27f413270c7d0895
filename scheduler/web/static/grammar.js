// Filters as people write them, from a text to a tree: the grammar and the meaning of `scheduler/queue/filters.py`, to the word.
//
//     filter := both ("or" both)*     both := one ("and" one)*
//     one    := "not" one | "(" filter ")" | NAME OPERATOR VALUE | WORD

const OPERATORS = ["<=", ">=", "!=", "!~", "<", ">", "=", "~"];
const ORDER = ["<", "<=", ">", ">="];
const DEEPEST = 100; // of brackets and `not`s inside one another
const TOKEN = /\s*(?:(<=|>=|==|!=|!~|[<>=~()])|('[^']*'|"[^"]*")|([^\s<>=~()!'"]+))/y;
const NUMBER = /^(?:[+-]?(?:\d+(?:_\d+)*\.?\d*|\.\d+)(?:e[+-]?\d+)?|[+-]?inf)$/i;
const WIDE = { ".inf": Infinity, "+.inf": Infinity, "-.inf": -Infinity, inf: Infinity, "+inf": Infinity, "-inf": -Infinity };
const PARTS = /^(?:(\d+(?:\.\d+)?)d)?(?:(\d+(?:\.\d+)?)h)?(?:(\d+(?:\.\d+)?)m(?:in)?)?(?:(\d+(?:\.\d+)?)s)?$/i;
const SMALLER = { d: "h", h: "m", m: "s" };
const CONSTANTS = { true: true, false: false, null: null, none: null };

/** What is wrong with a filter, and at which character. */
export class FilterProblem extends Error {}

/** The error that something is wrong at this place of a text, counted from 0 in units of JavaScript. */
export function wrong(text, at, what) {
  return new FilterProblem(`character ${[...text.slice(0, at)].length + 1}: ${what}`);
}

/** The tree of a filter: {word, at}, {name, operator, value, at, valueAt}, {not}, {and: [...]} or {or: [...]}. */
export function parse(text) {
  const tokens = tokensOf(text);
  let depth = 0;
  const next = () => tokens[0];
  const take = () => (tokens.length > 1 ? tokens.shift() : tokens[0]);
  const says = (...words) => next().kind === "word" && words.includes(next().text.toLowerCase());
  const isSign = (sign) => next().kind === "operator" && next().text === sign;

  function refuse(expected) {
    throw wrong(text, next().at, next().kind === "end" ? expected : `${expected}, not "${next().text}"`);
  }

  function several(kind, part) {
    const found = [part()];
    while (says(kind)) {
      take();
      found.push(part());
    }
    return found.length > 1 ? { [kind]: found } : found[0];
  }

  const either = () => several("or", () => several("and", one));

  function one() {
    if (++depth > DEEPEST) throw wrong(text, next().at, `more than ${DEEPEST} brackets and \`not\`s inside one another`);
    const found = says("not") ? (take(), { not: one() }) : isSign("(") ? bracketed() : term();
    depth--;
    return found;
  }

  function bracketed() {
    const opened = take();
    const found = either();
    if (!isSign(")")) refuse(`expected ) for the ( at character ${[...text.slice(0, opened.at)].length + 1}`);
    take();
    return found;
  }

  function term() {
    if (!["word", "quoted"].includes(next().kind) || says("and", "or")) {
      refuse("expected a comparison such as lr<0.01, or a word such as failed");
    }
    const name = take();
    if (next().kind !== "operator" || "()".includes(next().text)) return { word: name.text, at: name.at };
    const operator = take().text;
    if (!["word", "quoted"].includes(next().kind)) refuse(`expected a value after ${name.text}${operator}`);
    const value = take();
    if (ORDER.includes(operator) && secondsOf(value.text) === null) {
      throw wrong(text, value.at, `${name.text}${operator} needs a number or a duration such as 1h30, not "${value.text}"`);
    }
    return { name: name.text, operator: operator === "==" ? "=" : operator, value: value.text, at: name.at, valueAt: value.at };
  }

  const found = either();
  if (next().kind !== "end") refuse("expected and, or, or the end");
  return found;
}

function tokensOf(text) {
  const end = text.trimEnd().length, found = [];
  TOKEN.lastIndex = 0;
  while (TOKEN.lastIndex < end) {
    const place = TOKEN.lastIndex, match = TOKEN.exec(text);
    if (!match) {
      const at = text.length - text.slice(place).trimStart().length;
      const what = `'"`.includes(text[at]) ? "a quote that nothing closes" : `"${text[at]}" is no operator`;
      throw wrong(text, at, `${what}; operators are ${OPERATORS.join(" ")}, and, or, not, ( )`);
    }
    const [, operator, quoted, word] = match, said = operator ?? quoted ?? word;
    const kind = operator ? "operator" : quoted ? "quoted" : "word";
    found.push({ kind, text: quoted ? quoted.slice(1, -1) : said, at: TOKEN.lastIndex - said.length });
  }
  return [...found, { kind: "end", text: "", at: end }];
}

/** Whether an operator asks for an order. */
export function orders(operator) {
  return ORDER.includes(operator);
}

/** The number that a text is, null if it is none. */
export function numberOf(text) {
  if (Object.hasOwn(WIDE, text.toLowerCase())) return WIDE[text.toLowerCase()];
  return NUMBER.test(text) ? Number(text.replaceAll("_", "")) : null;
}

/** The seconds of a duration such as `1h30` or `2d`, null if it is none. */
export function secondsOf(text) {
  const plain = numberOf(text);
  if (plain !== null || !text) return plain;
  const parts = PARTS.exec(text.replace(/([dhm])(\d+)$/i, (_, unit, count) => `${unit}${count}${SMALLER[unit.toLowerCase()]}`));
  return parts && [86400, 3600, 60, 1].reduce((sum, unit, index) => sum + Number(parts[index + 1] ?? 0) * unit, 0);
}

/** Whether a value that a run has is as a comparison says. A text has no order, and nothing is equal to NaN. */
export function matches({ operator, value: written }, value) {
  if (operator.endsWith("~")) return textOf(value).toLowerCase().includes(written.toLowerCase()) === (operator === "~");
  if (!orders(operator)) return equal(value, written) === (operator === "=");
  const bound = secondsOf(written), found = wide(value);
  if (bound === null || typeof found !== "number") return false;
  return { "<": found < bound, "<=": found <= bound, ">": found > bound, ">=": found >= bound }[operator];
}

function equal(value, written) {
  const constant = written.toLowerCase();
  if (value === null || typeof value === "boolean") return Object.hasOwn(CONSTANTS, constant) && CONSTANTS[constant] === value;
  const number = numberOf(written), found = wide(value);
  return number !== null && typeof found === "number" ? found === number : textOf(value) === written;
}

/** An infinite number comes as a text. */
function wide(value) {
  return value === "Infinity" ? Infinity : value === "-Infinity" ? -Infinity : value;
}

/** As Python writes it: small numbers as 1e-05. */
function textOf(value) {
  if (typeof value === "string") return value;
  if (typeof value !== "number" || value === 0 || Math.abs(value) >= 1e-4) return JSON.stringify(value);
  return value.toExponential().replace(/e-(\d)$/, "e-0$1");
}

/** Whether a tree holds, by what `holds` says of its words and comparisons. */
export function verdict(tree, holds) {
  if (tree.not) return !verdict(tree.not, holds);
  if (tree.and) return tree.and.every((part) => verdict(part, holds));
  if (tree.or) return tree.or.some((part) => verdict(part, holds));
  return holds(tree);
}

/** All words and comparisons of a filter, from the left. */
export function leaves(tree) {
  if (tree.not) return leaves(tree.not);
  return (tree.and ?? tree.or)?.flatMap(leaves) ?? [tree];
}
