// A time axis on which long times in which nothing happened are short.

const IDLE = 1 / 8; // of the time in which something ran: longer gaps are shortened
const SHORT = 1 / 25; // of that time: so wide is a gap then

/** The axis from `low` to `high` seconds. `spans`: [from, to] of all that happens. It has `place(time)` from 0 to 1,
 * `time(place)`, and `gaps`: [from, to] of what was shortened. */
export function timeAxis(spans, low, high) {
  const busy = merged(spans, low, high);
  const total = busy.reduce((sum, [from, to]) => sum + to - from, 0) || high - low;
  const pieces = [];
  let at = low;
  for (const [from, to] of [...busy, [high, high]]) {
    const gap = from - at > total * IDLE;
    if (from > at) pieces.push({ from: at, to: from, size: gap ? total * SHORT : from - at, gap });
    if (to > from) pieces.push({ from, to, size: to - from, gap: false });
    at = Math.max(at, to);
  }
  if (!pieces.length) pieces.push({ from: low, to: low + 1, size: 1, gap: false });
  const whole = pieces.reduce((sum, each) => sum + each.size, 0) || 1;
  let begin = 0;
  for (const each of pieces) {
    each.begin = begin / whole;
    begin += each.size;
    each.end = begin / whole;
  }
  return {
    pieces, gaps: pieces.filter((each) => each.gap),
    place: (time) => placeOf(pieces, time), time: (place) => timeOf(pieces, place),
  };
}

function merged(spans, low, high) {
  const found = [];
  const inside = spans.map(([from, to]) => [Math.max(from, low), Math.min(to, high)]).filter(([from, to]) => to >= from);
  for (const [from, to] of inside.sort((one, other) => one[0] - other[0])) {
    if (found.length && from <= found.at(-1)[1]) found.at(-1)[1] = Math.max(found.at(-1)[1], to);
    else found.push([from, to]);
  }
  return found;
}

/** Also beyond the ends, where a bar that is only partly in sight begins. */
function placeOf(pieces, time) {
  const each = pieces.find((piece) => time <= piece.to) ?? pieces.at(-1);
  return each.begin + ((time - each.from) / (each.to - each.from)) * (each.end - each.begin);
}

function timeOf(pieces, place) {
  const each = pieces.find((piece) => place <= piece.end) ?? pieces.at(-1);
  return each.from + ((place - each.begin) / (each.end - each.begin)) * (each.to - each.from);
}
