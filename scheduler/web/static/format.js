// Numbers, times and names as people read them.

const WHOLE = 1e15; // whole numbers below it are shown whole, as in a terminal: a seed, a step, a count of tokens

/** Four significant digits, but whole numbers as they are; texts such as "NaN" too. */
export function number(value) {
  if (typeof value !== "number") return value === null || value === undefined ? "" : String(value);
  if (Number.isInteger(value) && Math.abs(value) < WHOLE) return String(value);
  const size = Math.abs(value);
  return size !== 0 && (size < 1e-4 || size >= 1e7) ? value.toExponential(2) : String(Number(value.toPrecision(4)));
}

/** A number beside a mark of an axis, with the digits that tell it from the mark that is `by` further. */
export function mark(value, by) {
  if (value === 0) return "0";
  const size = Math.abs(value);
  const digits = Math.min(Math.max(Math.floor(Math.log10(size / Math.abs(by)) + 1e-9) + 3, 2), 15);
  const short = Number(value.toPrecision(digits));
  return size < 1e-4 || size >= 1e7 ? short.toExponential().replace("e+", "e") : String(short);
}

/** `3 s`, `2 min 5 s`, `1 h 3 min`, `2 d 4 h`. */
export function duration(seconds) {
  if (typeof seconds !== "number") return "";
  if (seconds < 10) return `${Number(seconds.toFixed(1))} s`;
  const whole = Math.round(seconds);
  const units = [[86400, "d"], [3600, "h"], [60, "min"], [1, "s"]];
  const first = units.findIndex(([size]) => whole >= size);
  const [size, name] = units[first];
  const rest = units[first + 1];
  const more = rest ? Math.floor((whole % size) / rest[0]) : 0;
  return `${Math.floor(whole / size)} ${name}${more ? ` ${more} ${rest[1]}` : ""}`;
}

/** A moment in the reader's own time, `2026-11-28 14:05`. */
export function moment(seconds) {
  if (typeof seconds !== "number") return "";
  const at = new Date(seconds * 1000);
  const two = (value) => String(value).padStart(2, "0");
  return `${at.getFullYear()}-${two(at.getMonth() + 1)}-${two(at.getDate())} ${two(at.getHours())}:${two(at.getMinutes())}`;
}

/** MiB, also as GiB. */
export function mebibytes(value) {
  if (typeof value !== "number") return "";
  return value >= 1024 ? `${(value / 1024).toFixed(1)} GiB` : `${Math.round(value)} MiB`;
}

const collator = new Intl.Collator("en", { numeric: true }); // one for all: localeCompare makes one for each pair

/** The order of names as people count: trial 9 before trial 10. */
export function natural(one, other) {
  return collator.compare(one, other);
}

/** `512 bytes`, `16 KiB`, `1.2 MiB`. */
export function bytes(count) {
  if (count < 1024) return plural(count, "byte");
  const [size, unit] = count < 2 ** 20 ? [2 ** 10, "KiB"] : count < 2 ** 30 ? [2 ** 20, "MiB"] : [2 ** 30, "GiB"];
  return `${Number((count / size).toPrecision(3))} ${unit}`;
}

export function percent(value) {
  return typeof value === "number" ? `${Math.round(value)} %` : "";
}

/** For numbers of a unit: three digits that count. */
export function amount(unit) {
  const short = (value) => (value < 1000 ? Number(value.toPrecision(3)) : Math.round(value));
  return (value) => (typeof value === "number" ? `${short(value)}${unit}` : "");
}

/** A value of a configuration. */
export function plain(value) {
  if (value === null) return "null";
  return typeof value === "object" ? JSON.stringify(value) : typeof value === "number" ? String(value) : String(value ?? "");
}

export function plural(count, noun) {
  return `${count.toLocaleString("en")} ${noun}${count === 1 ? "" : "s"}`;
}
