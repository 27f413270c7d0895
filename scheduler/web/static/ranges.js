// Ranges on axes, as a link has them: JSON of [key, least number, greatest number, ...names], so that they mean the same on
// another scale. Without numbers both are null.

import { nameOf } from "./measures.js";

/** By the key of the measure: {low, high, names}. What is no range is passed over: somebody may have typed the link. */
export function ranges(texts) {
  const found = new Map();
  for (const text of texts) {
    const parsed = taken(text);
    if (Array.isArray(parsed)) found.set(parsed[0], { low: parsed[1], high: parsed[2], names: new Set(parsed.slice(3)) });
  }
  return found;
}

function taken(text) {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}

/** The texts with another range of this axis, from part to part of its scale; null for none. */
export function withRange(texts, { measure, scale }, range) {
  const others = texts.filter((text) => taken(text)?.[0] !== measure.key);
  if (!range) return others;
  const [from, to] = range;
  const near = scale.half / 2;
  const names = scale.slots.filter(({ part }) => part >= from - near && part <= to + near).map(({ name }) => name);
  const ends = to > scale.base ? [scale.at(Math.max(from, scale.base)), scale.at(to)] : null;
  const numbers = ends ? ends.map((value) => Number(value.toPrecision(6))) : [null, null];
  return [...others, JSON.stringify([measure.key, ...numbers, ...names])];
}

/** From where to where it goes on a scale. */
export function partsOf({ low, high, names }, scale) {
  const parts = scale.slots.filter(({ name }) => names.has(name)).flatMap(({ part }) => [part - scale.half, part + scale.half]);
  if (Number.isFinite(low)) parts.push(...[low, high].map((value) => scale.place(value) ?? 0));
  return parts.length ? [Math.max(Math.min(...parts), 0), Math.min(Math.max(...parts), 1)] : [0, 0];
}

/** Whether a run lies in all of them; `tests` have a `measure` each. */
export function inside(run, tests) {
  return tests.every(({ measure, low, high, names }) => {
    const value = measure.of(run);
    return Number.isFinite(value) && low !== null ? value >= low && value <= high : names.has(nameOf(value));
  });
}

/** In words. */
export function saidOfRange({ low, high, names }, measure) {
  const numbers = Number.isFinite(low) ? [`${measure.text(low)} to ${measure.text(high)}`] : [];
  return [...numbers, ...names].join(", ") || "nothing";
}
