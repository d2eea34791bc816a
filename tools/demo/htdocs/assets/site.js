// The site's page: polls /info, sends its forms, and says in words what has happened to the session meanwhile.
'use strict';

const pollEvery = 2000;  // milliseconds
const loginsShown = 5;
const base = document.body.dataset.base;
let token = document.body.dataset.token;
const byId = id => document.getElementById(id);
const setText = (id, text) => { if (byId(id).textContent !== text) byId(id).textContent = text; };
const wait = milliseconds => new Promise(done => setTimeout(done, milliseconds));

// ---- what is shown ----

let user = byId('user').textContent === 'nobody' ? null : byId('user').textContent;
let polls = Number(byId('polls').textContent);

const showList = (id, lines) => {
  const list = byId(id);
  if ([...list.children].map(item => item.textContent).join('\n') === lines.join('\n')) return;
  list.replaceChildren(...lines.map(line => Object.assign(document.createElement('li'), { textContent: line })));
};

const showUser = () => {
  setText('user', user ?? 'nobody');
  byId('login').hidden = user !== null;
  byId('logout').hidden = user === null;
  if (byId('account')) byId('account').hidden = user === null;
};

const show = facts => {
  if ('user' in facts) {
    user = facts.user;
    showUser();
  }
  if ('polls' in facts) setText('polls', String(polls = facts.polls));
  if ('visits' in facts) setText('visits', String(facts.visits));
  if ('cart' in facts) {
    showList('cart', Object.entries(facts.cart).map(([item, count]) => `${count} × ${item}`));
    byId('cart-empty').hidden = Object.keys(facts.cart).length > 0;
  }
  if ('token' in facts) token = facts.token;
  if ('logins' in facts) {
    const lines = facts.logins.reverse().map(({ key, since, own }) => `${own ? 'This one' : key} · ${since}`);
    const more = lines.length - loginsShown;
    showList('logins', more > 0 ? [...lines.slice(0, loginsShown), `and ${more} earlier`] : lines);
  }
  if ('right' in facts) {
    byId('right').className = facts.right ? 'good' : 'bad';
    setText('right', facts.right ? 'Right' : 'Wrong; here are other digits');
  }
  if (facts.notices?.length) setText('notice', facts.notices.join(' '));
};

let toldOfExpiry = false;

// What is found changed since the page showed this user, though nothing on this page has changed it.
const changeInWords = (facts, shown = user) => {
  const expired = facts.lost_login === 'expired' && facts.user === null && !toldOfExpiry;
  if (expired) {
    toldOfExpiry = true;
    return 'Your session has expired. Log in again.';
  }
  if (shown !== null && facts.user === null) {
    if (facts.lost_login === 'ended')
      return 'You were logged out: on another device, or because the session had expired. Log in again.';
    return 'You were logged out, perhaps in another tab. Log in again.';
  }
  if (facts.user !== shown) return `You are now logged in as ${facts.user}: in another tab.`;
  if (facts.user === null && facts.polls < polls) return 'Your session has expired, and what was in it is gone.';
  return '';
};

// ---- asking ----

// A poll that was sent before a form was answered knows nothing of what the form did.
let formsAnswered = 0;
let formsUnderWay = 0;

const connection = (text, off) => {
  const pill = byId('connection');
  pill.hidden = false;
  pill.classList.toggle('off', off);
  setText('connection', text);
};

// How long a busy server wants to be left alone, in milliseconds.
const retryAfter = answer => 1000 * Math.min(30, Math.max(1, Number(answer.headers.get('Retry-After')) || 1));

const send = (path, options = {}) =>
  fetch(base + path, { ...options, headers: { Accept: 'application/json', 'X-CSRF-Token': token } });

const facts = async answer => {
  const isJson = (answer.headers.get('Content-Type') ?? '').startsWith('application/json');
  const json = isJson ? await answer.json() : {};
  if (answer.ok) return json;
  if (json.error) throw new Error(json.error);
  const words = { 403: 'That was refused: the page is too old. Load it again.',
                  409: 'You were logged out while this was under way. Nothing was changed.',
                  503: 'The site is busy. Nothing was changed; try again in a moment.' };
  throw new Error(words[answer.status] ?? `The site could not do that (status ${answer.status}).`);
};

const ask = async path => show(await facts(await send(path)));

const refresh = async () => {
  const found = await facts(await send('/me'));
  show(found);
  if (user !== null && byId('account')) await ask('/logins');
  return found;
};

const sendForm = async form => {
  const fields = new URLSearchParams(new FormData(form));
  fields.delete('csrf_token');  // the header has the one of this moment
  const post = () => send(form.dataset.post, { method: 'POST', body: fields });
  const shown = user;
  let answer = await post();
  if (answer.status === 403 && token) {
    // Somebody has logged in or out in another tab meanwhile, and the token is another one. What was meant for one user
    // is not done for another; and a logout not for a login that began after it was asked for.
    const found = await refresh();
    if (found.user !== shown) throw new Error(`${changeInWords(found, shown)} Nothing was sent.`);
    if (form.dataset.post.startsWith('/logout'))
      throw new Error('You have logged in again since, in another tab. Nothing was sent; press it again if you mean that.');
    answer = await post();
  }
  if (answer.status === 503) {
    setText('status', 'The site is busy; this is tried again in a moment.');
    await wait(retryAfter(answer));
    setText('status', '');
    answer = await post();
  }
  show(await facts(answer));
};

document.addEventListener('submit', async event => {
  event.preventDefault();
  const form = event.target;
  const button = form.querySelector('button');
  if (button.getAttribute('aria-busy') === 'true') return;
  button.setAttribute('aria-busy', 'true');
  formsUnderWay += 1;
  for (const id of ['error', 'status', 'notice']) setText(id, '');
  try {
    await sendForm(form);
    form.reset();
    if (form.dataset.post.startsWith('/log')) await refresh();
    if (form.id === 'logout' || form.id === 'logout-everywhere') {
      setText('notice', form.id === 'logout' ? 'You are logged out.' : 'You are logged out everywhere.');
      byId('login-user').focus();
    }
    if (form.id === 'cart-add') setText('notice', 'It is in the cart.');
    if (form.id === 'logout-others') setText('notice', 'All other logins have been ended.');
    if (form.id === 'login') byId('logout').querySelector('button').focus();
  } catch (problem) {
    setText('error', problem instanceof TypeError ? 'The server does not answer. Try again.' : problem.message);
    errorIsNew = true;
  } finally {
    if (form.id === 'captcha-check') byId('captcha').src = `${base}/captcha?${Date.now()}`;
    button.removeAttribute('aria-busy');
    formsUnderWay -= 1;
    formsAnswered += 1;
    poll();
  }
});

// ---- polling ----

let timer = 0;
let polling = false;
let refused = 0;  // polls in a row

let errorIsNew = false;  // no poll has been answered since

// What was said before is not true any more; but of what has failed just now a person must hear.
const tell = (words, notices = []) => {
  if (!errorIsNew) setText('error', '');
  setText('notice', notices.join(' '));
  setText('status', words);
};

const pollOnce = async () => {
  const before = formsAnswered;
  const answer = await send('/info');
  if (answer.status === 503) {
    connection('busy', true);
    return retryAfter(answer);
  }
  if (answer.status === 409) {
    // The session ended, or got another ID, while the poll was under way. The next one says how things are; but for as
    // long as what was before a login can still be read, it may say the same again: then the login is over.
    refused += 1;
    if (refused === 1) return 300;
    if (user !== null) tell('Your session has ended. Log in again.');
    show({ user: null, polls: 0 });
    return pollEvery;
  }
  refused = 0;
  const found = await facts(answer);
  connection('connected', false);
  if (before !== formsAnswered || formsUnderWay > 0) {
    // Its notices are gone from the session all the same.
    show({ notices: found.notices });
    // As soon as a form is answered there is another poll anyway.
    return formsUnderWay > 0 ? pollEvery : 0;
  }
  const words = changeInWords(found);
  const otherUser = found.user !== user;
  if (found.user !== null) toldOfExpiry = false;
  show(found);
  if (words) tell(words, found.notices);
  errorIsNew = false;
  if (otherUser) await refresh();
  return pollEvery;
};

const poll = async () => {
  if (polling) return;
  polling = true;
  clearTimeout(timer);
  let next = pollEvery;
  try {
    next = await pollOnce();
  } catch (problem) {
    connection(problem instanceof TypeError ? 'no answer' : 'trouble', true);
  }
  polling = false;
  timer = setTimeout(poll, next);
};

document.addEventListener('visibilitychange', () => { if (!document.hidden) poll(); });
showUser();
// A page that comes out of the browser's history shows what was; a poll says what is.
addEventListener('pageshow', event => { if (event.persisted) refresh().catch(() => {}); });
refresh().catch(() => {}).finally(poll);
