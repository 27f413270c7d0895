// Curves that grow: points that are new, put behind those that are there.

import { steps } from "./series.js";

const MOST = 1024; // points of a curve that grows; of more two become one
const KNOTS = 512; // of a clock

/** A curve with more points behind it. The shapes are in `scheduler/web/documents/curves.py`. */
export function appended(curve, more) {
  if (!curve) return { ...more, at: steps(more.at) };
  const joined = {
    at: [...steps(curve.at), ...steps(more.at)],
    last: [...curve.last, ...more.last],
    odd: curve.odd + more.odd,
  };
  if (curve.low || more.low) {
    joined.low = [...(curve.low ?? curve.last), ...(more.low ?? more.last)];
    joined.high = [...(curve.high ?? curve.last), ...(more.high ?? more.last)];
  }
  return joined.at.length > MOST ? halved(joined) : joined;
}

/** A clock that knows more: `times` are [step, seconds since 1970]. */
export function timed(clock, times) {
  const begin = clock?.begin ?? times[0][1];
  let at = clock ? [...steps(clock.at)] : [], seconds = clock ? [...clock.seconds] : [];
  for (const [step, time] of times) {
    if (at.length && step <= at.at(-1)) continue;
    at.push(step);
    seconds.push(time - begin);
  }
  const kept = (values) => values.filter((_, index) => index % 2 === 0 || index === values.length - 1);
  if (at.length > KNOTS) [at, seconds] = [kept(at), kept(seconds)];
  return { begin, at, seconds };
}

function halved(curve) {
  const low = curve.low ?? curve.last, high = curve.high ?? curve.last;
  const halves = { at: [], last: [], low: [], high: [], odd: curve.odd };
  for (let index = 0; index < curve.at.length; index += 2) {
    const other = Math.min(index + 1, curve.at.length - 1);
    halves.at.push(curve.at[index]);
    halves.last.push(curve.last[other]);
    halves.low.push(Math.min(low[index], low[other]));
    halves.high.push(Math.max(high[index], high[other]));
  }
  return halves;
}
