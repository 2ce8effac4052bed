// A run as the browser has it: the numbers of payload.py unpacked, and what a step or lane says.

const STATES = ["running", "allocating", "locked", "waiting", "frozen", "exiting"];
const STATE_WORDS = {
  running: "running", allocating: "looping in the slow path", locked: "waiting for a lock",
  waiting: "asleep", frozen: "frozen", exiting: "exiting",
};
const FATES = { killed: "SIGKILL pending", reaped: "memory reaped" };
const MOMENTS = {  // a letter and a word for each kind of event
  kill: ["K", "killed or marked"], wake: ["W", "reaper woken"], reap: ["R", "reaping begins, or memory taken"],
  steal: ["S", "reclaimed page taken"], loss: ["L", "not handed over, or given up"],
  exit: ["x", "exit"], panic: ["P", "panic"], bug: ["!", "must not happen"],
};

function decode(picture, view = picture.columns) {
  const bytes = view.buffer ?? view, from = view.byteOffset ?? 0;
  const numbers = new Uint32Array(bytes.slice(from, from + view.byteLength));
  const steps = picture.steps, segments = STATES.map(() => []), rows = picture.lanes.map(() => []);
  for (let i = steps * 5; i < numbers.length; i += 5) {
    const segment = {
      row: numbers[i], start: numbers[i + 1], end: numbers[i + 2], state: numbers[i + 3],
      on: picture.waits[numbers[i + 4]],
    };
    rows[segment.row].push(segment);
  }
  picture.lanes.forEach(({ boot }, row) => {  // what stands there before the first step
    if (!boot) return;
    const [number, wait] = boot, [first] = rows[row], on = picture.waits[wait];
    if (first?.start === 0 && first.state === number && first.on === on) first.start = -1;
    else rows[row].unshift({ row, start: -1, end: 0, state: number, on });
  });
  for (const segment of rows.flat()) segments[segment.state].push(segment);
  const [who, what, where, tick, free] = [0, 1, 2, 3, 4]
    .map((column) => numbers.subarray(column * steps, (column + 1) * steps));
  return { ...picture, who, what, where, tick, free, segments, rows };
}

// The picture with those lanes alone whose name has one of the words; with all, if none has.
function only(picture, text) {
  const words = text.toLowerCase().split(/\s+/).filter(Boolean), { lanes } = picture;
  const kept = [...lanes.keys()].filter((i) => words.some((word) => lanes[i].name.toLowerCase().includes(word)));
  if (!kept.length) return picture;
  const rows = kept.map((old, row) => picture.rows[old].map((s) => ({ ...s, row })));
  const segments = STATES.map((_, state) => rows.flat().filter((s) => s.state === state));
  return { ...picture, lanes: kept.map((i) => lanes[i]), rows, segments };
}

// Pages free after step n, from 0; -1: as the machine was set up.
function freeAt({ free, zone }, n) { return n < 0 ? zone.free : free[n]; }

function step(picture, n) {
  const { who, what, where, tick, free } = picture;
  return {
    task: picture.tasks[who[n]], does: picture.deeds[what[n]], func: picture.functions[where[n]],
    tick: tick[n], free: free[n],
  };
}

function stepSentence(picture, n) {
  if (n < 0) {
    return `Step 0 of ${picture.steps}: nothing has happened yet, the machine is as it was set up. ` +
      `${picture.zone.free} pages free.`;
  }
  const { task, does, func, tick, free } = step(picture, n), { min, low } = picture.zone;
  const mark = free <= min ? `, at or below min ${min}` : free <= low ? `, below low ${low}` : "";
  return `Step ${n + 1} of ${picture.steps}, tick ${tick}: ${task} in ${func}(): ${does}. ` +
    `${free} pages free${mark}.`;
}

function laneSentence(picture, row, n) {
  const { name, fates } = picture.lanes[row];
  const segment = picture.rows[row].find((s) => s.start <= n && n < s.end);
  if (!segment) return `${name}: not there at step ${n + 1}.`;
  const state = STATES[segment.state];
  const on = segment.on ? `${state === "locked" ? "" : ", waiting for"} ${segment.on}` : "";
  const fate = fates.filter(([start, end]) => start <= n && n < end)
    .map(([start, , kind]) => `, ${FATES[kind]} since step ${start + 1}`).join("");
  let last = n;
  while (last >= 0 && picture.tasks[picture.who[last]] !== name) last--;
  const where = last < 0 ? "" : ` Its last step, ${last + 1}, was in ${step(picture, last).func}(): ` +
    `${step(picture, last).does}.`;
  return `${name}: ${STATE_WORDS[state]}${on} since step ${segment.start + 1}${fate}.${where}`;
}
