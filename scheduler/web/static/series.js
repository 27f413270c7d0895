// Curves as they arrive, put on an axis. The shapes are in `scheduler/web/documents/curves.py`.

/** The steps as an array. */
export function steps(at) {
  if (Array.isArray(at)) return at;
  const found = new Array(at.count);
  for (let index = 0; index < at.count; index++) found[index] = at.from + index * at.by;
  return found;
}

/** A curve on the x axis "step", "relative", "wall" or "epoch": {x, y, low?, high?}. Points without a place are left out. */
export function placed(curve, clock, axis, epochs) {
  const at = steps(curve.at);
  const places = { relative: () => when(clock), wall: () => when(clock, clock?.begin), epoch: () => held(epochs) };
  const place = places[axis]?.() ?? ((step) => step);
  const x = at.map(place);
  const kept = x.map((value, index) => (value === null ? -1 : index)).filter((index) => index >= 0);
  const pick = (values) => (kept.length === values.length ? values : kept.map((index) => values[index]));
  return {
    x: pick(x), y: pick(curve.last),
    low: curve.low && pick(curve.low), high: curve.high && pick(curve.high),
  };
}

/** When a step was: between the points of the clock time goes evenly. */
function when(clock, begin = 0) {
  if (!clock) return () => null;
  const at = steps(clock.at), { seconds } = clock;
  let index = 0;
  return (step) => {
    if (step < at[index]) index = 0;
    while (index < at.length - 2 && at[index + 1] <= step) index++;
    if (at.length < 2) return begin + seconds[0];
    const part = (step - at[index]) / (at[index + 1] - at[index]);
    return begin + Math.max(0, seconds[index] + part * (seconds[index + 1] - seconds[index]));
  };
}

/** The newest value of another metric at a step. */
function held(curve) {
  if (!curve) return () => null;
  const at = steps(curve.at);
  let index = -1;
  return (step) => {
    while (index + 1 < at.length && at[index + 1] <= step) index++;
    return index < 0 ? null : curve.last[index];
  };
}

/** An exponential moving average without the bias of its start, as `exp-queue curves --smooth` draws it. */
export function smoothed(values, weight) {
  let average = 0, left = 1;
  return values.map((value) => {
    average = weight * average + (1 - weight) * value;
    left *= weight;
    return average / (1 - left);
  });
}
