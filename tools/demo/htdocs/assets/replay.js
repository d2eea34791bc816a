// The page that replays: runs the stories on both stores at once, and counts. The stories are in replay_stories.js,
// what is drawn in replay_lane.js. Addresses: ?run runs once at load; ?left=/fcgi and ?right=/cgi name other sites.
import { Lane } from './replay_lane.js';
import { NotThere, stories } from './replay_stories.js';

const byId = id => document.getElementById(id);
const parameters = new URLSearchParams(location.search);

// Only a program of this server: "/name".
const prefix = (side, otherwise) => {
  const text = parameters.get(side) ?? otherwise;
  return /^\/[\w-]+$/.test(text) ? text : otherwise;
};
const sides = [
  { id: 'left', prefix: prefix('left', '/naive-fcgi') },
  { id: 'right', prefix: prefix('right', '/fcgi') },
].map(side => ({ ...side, name: side.prefix.includes('naive') ? 'Naive file store' : 'libsess' }));

const lanes = stories.flatMap(story => sides.map(side => {
  const lane = new Lane(story, side);
  byId(story.id).querySelector('.lanes').append(lane.element);
  return lane;
}));

const say = (text, bad = false) => {
  byId('status').textContent = text;
  byId('status').className = bad ? 'message bad' : 'message';
};

// The stories one after the other, the two sites side by side. The same site twice would have one session for both
// sides: then these take turns as well.
const runOnce = async () => {
  for (const story of stories) {
    const [left, right] = lanes.filter(lane => lane.story === story);
    if (left.side.prefix === right.side.prefix) {
      await left.run();
      await right.run();
    } else {
      await Promise.all([left.run(), right.run()]);
    }
  }
};

// Two tabs share their cookies, so they take turns too, where the browser has a lock for that (on HTTPS, or at home).
const alone = work => navigator.locks ? navigator.locks.request('libsess-replay', work) : work();

const problem = error => {
  if (error instanceof NotThere) return `${error.message} (The server needs DEMO_SLOW_PAGES.)`;
  return error instanceof TypeError ? 'The server does not answer.' : error.message;
};

const buttons = [byId('run'), byId('run-ten')];
let running = false;

const run = async times => {
  if (running) return;
  running = true;
  // Not `disabled`: that would take the focus from who pressed it.
  for (const button of buttons) button.setAttribute('aria-disabled', 'true');
  for (const lane of lanes) lane.clearTally();
  try {
    for (let count = 1; count <= times; count += 1) {
      say(times > 1 ? `Run ${count} of ${times} …` : 'Running …');
      for (const lane of lanes) lane.clear();
      await alone(runOnce);
      for (const lane of lanes) lane.showTally(times);
    }
    say(sides.map(side => {
      const faults = lanes.filter(lane => lane.side === side).reduce((sum, lane) => sum + lane.faults, 0);
      return `${side.name}: ${faults} of ${times * stories.length} went wrong.`;
    }).join(' '));
  } catch (error) {
    say(problem(error), true);
  }
  for (const button of buttons) button.removeAttribute('aria-disabled');
  running = false;
  byId('run').textContent = 'Run again';
  document.body.dataset.done = String(Number(document.body.dataset.done ?? 0) + 1);
};

byId('run').addEventListener('click', () => run(1));
byId('run-ten').addEventListener('click', () => run(10));
if (parameters.has('run')) run(1);
