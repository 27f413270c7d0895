// What tells a prediction from the text that it should be.

const LONGEST = 400; // characters that are compared one by one

/** Pieces in their order, [kind, text]: "same", "missing" (of the text), "extra" (of the prediction). The longest common
 * subsequence stays; longer texts are compared as far as their common begin and end. */
export function difference(text, prediction) {
  const one = [...text], other = [...prediction];
  let begin = 0, end = 0;
  while (begin < one.length && begin < other.length && one[begin] === other[begin]) begin++;
  while (end < one.length - begin && end < other.length - begin && one.at(-1 - end) === other.at(-1 - end)) end++;
  const middle = [one.slice(begin, one.length - end), other.slice(begin, other.length - end)];
  const pieces = [["same", one.slice(0, begin)], ...between(...middle), ["same", one.slice(one.length - end)]];
  return pieces.filter(([, letters]) => letters.length).map(([kind, letters]) => [kind, letters.join("")]);
}

function between(one, other) {
  if (!one.length || !other.length || one.length > LONGEST || other.length > LONGEST) return [["missing", one], ["extra", other]];
  const length = Array.from({ length: one.length + 1 }, () => new Uint16Array(other.length + 1));
  for (let row = one.length - 1; row >= 0; row--) {
    for (let column = other.length - 1; column >= 0; column--) {
      const without = Math.max(length[row + 1][column], length[row][column + 1]);
      length[row][column] = one[row] === other[column] ? length[row + 1][column + 1] + 1 : without;
    }
  }
  const found = [];
  const add = (kind, letter) => (found.at(-1)?.[0] === kind ? found.at(-1)[1].push(letter) : found.push([kind, [letter]]));
  const gone = () => column === other.length || length[row + 1][column] >= length[row][column + 1];
  let row = 0, column = 0;
  while (row < one.length || column < other.length) {
    if (row < one.length && column < other.length && one[row] === other[column]) add("same", (column++, one[row++]));
    else if (row < one.length && gone()) add("missing", one[row++]);
    else add("extra", other[column++]);
  }
  return found;
}
