// The visitor's own session, asked for each second: facts, countdowns, the versions seen, the timings of requests.
'use strict';

const pollEvery = 1000;  // milliseconds
const versionsShown = 20;
const timingsShown = 20;
const base = document.body.dataset.base;
let token = document.body.dataset.token;
const byId = id => document.getElementById(id);
const make = (tag, text = '', className = '') =>
  Object.assign(document.createElement(tag), { textContent: text, className });

// ---- words ----

const time = milliseconds => new Date(milliseconds).toLocaleTimeString([], { hour12: false });
const dateAndTime = milliseconds => new Date(milliseconds).toLocaleString([], { day: 'numeric', month: 'short',
  hour: '2-digit', minute: '2-digit', second: '2-digit', hour12: false });
const duration = milliseconds => {
  const seconds = Math.max(0, Math.round(milliseconds / 1000));
  const two = number => String(number).padStart(2, '0');
  const hours = Math.floor(seconds / 3600);
  const minutes = Math.floor(seconds / 60) % 60;
  if (hours > 0) return `${hours} h ${two(minutes)} min ${two(seconds % 60)} s`;
  return minutes > 0 ? `${minutes} min ${two(seconds % 60)} s` : `${seconds} s`;
};
const numberOf = value => value.value ?? (value.elements === undefined ? 'not shown' : `${value.elements} in it`);

// ---- what is shown ----

let last = null;     // what the server last said
let ahead = 0;       // this computer's clock against the server's, in milliseconds
let paused = false;
let failed = false;  // what a button was pressed for: that is said until one is pressed again

const showFacts = (id, facts) => {
  const list = byId(id);
  const names = Object.keys(facts);
  if (list.children.length !== 2 * names.length)
    list.replaceChildren(...names.flatMap(name => {
      const value = make('dd', '', name === 'Key' ? 'mono' : '');
      value.dataset.fact = name;
      return [make('dt', name), value];
    }));
  names.forEach((name, place) => {
    const value = list.children[2 * place + 1];
    const text = String(facts[name]);
    if (value.textContent !== text) value.textContent = text;
  });
};

const tick = () => {
  const session = last?.session;
  if (!session || paused) return;
  const now = Date.now() - ahead;
  showFacts('clock', {
    'Expires in': duration(session.deadline - now),
    'Idle timeout': duration(session.idle_timeout),
    'Last renewed': `${time(session.deadline - session.idle_timeout)} (${duration(now - session.deadline +
      session.idle_timeout)} ago)`,
    'Ends at the latest': `${dateAndTime(session.absolute_deadline)} (in ${duration(session.absolute_deadline - now)})`,
    'Created': dateAndTime(session.created),
  });
  const left = Math.min(1, Math.max(0, (session.deadline - now) / session.idle_timeout));
  byId('left').style.width = `${100 * left}%`;
};

const showSession = session => {
  showFacts('facts', {
    'Key': session.key,
    'State': session.state,
    'Kind': session.kind,
    'Logged in': session.user ?? 'nobody',
    'Version': session.version,
    'Size': session.size === null ? 'not known' : `${session.size} bytes`,
    'On disk': session.sealed ? 'sealed: to be read only with its ID' : 'as it is (not sealed)',
  });
  byId('values').replaceChildren(...session.values.map(value => {
    const row = make('tr');
    row.append(make('td', value.name, 'mono'), make('td', value.type), make('td', String(numberOf(value))));
    return row;
  }));
};

// ---- versions ----

const changes = (before, after) => {
  if (!before) return 'first seen';
  if (before.key !== after.key)
    return before.user === after.user ? `another session (key ${after.key.slice(0, 8)})` :
      `new ID: ${after.user === null ? 'nobody is logged in' : `logged in as ${after.user}`}`;
  const known = new Map(before.values.map(value => [value.name, value]));
  const words = [];
  for (const value of after.values) {
    const earlier = known.get(value.name);
    known.delete(value.name);
    if (!earlier) words.push(`${value.name} new`);
    else if (earlier.value !== value.value) words.push(`${value.name} ${earlier.value} → ${value.value}`);
    else if (earlier.elements !== value.elements) words.push(`${value.name} changed`);
  }
  for (const name of known.keys()) words.push(`${name} removed`);
  const skipped = after.version - before.version;
  if (words.length === 0) words.push('a value that is not shown, or a timeout');
  return words.join(', ') + (skipped > 1 ? ` (in ${skipped} versions)` : '');
};

const noteVersion = (before, after) => {
  if (before && before.key === after.key && before.version === after.version) return;
  const item = make('li');
  item.append(make('span', `v${after.version}`, 'mono'), make('span', changes(before, after)),
    make('time', time(Date.now())));
  byId('versions').prepend(item);
  while (byId('versions').children.length > versionsShown) byId('versions').lastChild.remove();
};

// ---- timings ----

// Each process of the server knows its own requests; together the polls reach all of them.
const requests = new Map();

const showTimings = (process, timings) => {
  for (const timing of timings) requests.set(`${process}.${timing.number}`, timing);
  // Of the page's own questions only the latest is of interest.
  const own = [];
  const others = [];
  for (const timing of [...requests.values()].sort((one, other) => other.at - one.at))
    (timing.what.endsWith('/session.json') ? own : others).push(timing);
  const shown = [...own.slice(0, 1), ...others].slice(0, timingsShown);
  const milliseconds = microseconds => (microseconds / 1000).toFixed(2);
  byId('timings').replaceChildren(...shown.map(timing => {
    const row = make('tr');
    const status = timing.runs > 1 ? `${timing.status} (run ${timing.runs} times)` : String(timing.status);
    row.append(...[time(timing.at), timing.what, status, milliseconds(timing.read_us), milliseconds(timing.page_us),
      milliseconds(timing.commit_us)].map(text => make('td', text)));
    return row;
  }));
  for (const key of [...requests.keys()].slice(0, Math.max(0, requests.size - 400))) requests.delete(key);
  if (shown.length === 0) {
    const row = make('tr');
    const cell = make('td', 'None known: as a CGI program, each request is a process of its own.');
    cell.colSpan = 6;
    row.append(cell);
    byId('timings').append(row);
  }
};

// ---- asking ----

const say = (text, bad = false) => {
  const status = byId('status');
  if (status.textContent !== text) status.textContent = text;
  status.className = bad ? 'message bad' : 'message';
};

const gone = {
  absent: 'You have no session. It begins with the first thing that is written to it: count a visit.',
  expired: 'Your session has expired.',
  busy: 'Your session is locked by a request that takes its time.',
};

const poll = async () => {
  const answer = await fetch(`${base}/session.json`);
  if (answer.status === 503) throw new Error('The site is busy. Trying again.');
  if (!answer.ok) throw new Error(`The site could not do that (status ${answer.status}). Trying again.`);
  const found = await answer.json();
  if (paused) return;
  ahead = Date.now() - found.now;
  const before = last?.session;
  byId('session').hidden = found.session === null;
  if (found.session) {
    noteVersion(before, found.session);
    showSession(found.session);
    showTimings(found.process, found.timings);
    if (!failed) say('Live: asked each second.');
    last = found;
  } else {
    say(before ? `Your session has ended. ${gone[found.why] ?? ''}` : gone[found.why] ?? found.why);
    last = { session: null };
  }
  tick();
};

let timer = 0;
const loop = async () => {
  clearTimeout(timer);
  try {
    if (!paused) await poll();
  } catch (problem) {
    say(problem instanceof TypeError ? 'The server does not answer. Trying again.' : problem.message, true);
  }
  timer = setTimeout(loop, pollEvery);
};

byId('pause').addEventListener('click', () => {
  paused = !paused;
  failed = false;
  byId('pause').textContent = paused ? 'Go on' : 'Pause';
  say(paused ? 'Paused: what is shown stands still.' : 'Live: asked each second.');
  if (!paused) loop();
});

document.addEventListener('submit', async event => {
  event.preventDefault();
  failed = false;
  try {
    // Undefined: nothing is shown yet.
    const shown = last ? last.session?.user ?? null : undefined;
    const post = () => fetch(base + event.target.dataset.post, { method: 'POST', headers: { 'X-CSRF-Token': token } });
    let answer = await post();
    if (answer.status === 403) {
      // Somebody has logged in or out meanwhile, and the token is another one. What was meant for one user is not done
      // for another.
      const found = await (await fetch(`${base}/me`)).json();
      token = found.token;
      if (found.user !== shown) {
        const who = found.user === null ? 'You were logged out' : `You are now logged in as ${found.user}`;
        throw new Error(`${who}: in another tab. Nothing was sent.`);
      }
      answer = await post();
    }
    if (!answer.ok) throw new Error(`The site could not do that (status ${answer.status}).`);
  } catch (problem) {
    failed = true;
    say(problem instanceof TypeError ? 'The server does not answer.' : problem.message, true);
    return;
  }
  loop();
});

loop();
