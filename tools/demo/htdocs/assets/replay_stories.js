// What is replayed. A story asks its lane (replay_lane.js) to send requests, at the moments that matter, and judges by
// what was answered, and by nothing else.

const wait = milliseconds => new Promise(done => setTimeout(done, milliseconds));

/// The site has no replay part.
export class NotThere extends Error {}

const json = async answer => {
  if (answer.status === 404 || answer.status === 403) throw new NotThere(`There is no replay at ${answer.url}.`);
  if (!answer.ok) throw new Error(`${answer.url} answered with status ${answer.status}.`);
  return answer.json();
};

const whoInWords = facts => facts.user === null ? 'nobody is logged in' : `logged in as ${facts.user}`;

// A session of nobody, that the store knows.
const newSession = async lane => {
  await json(await lane.quietly('POST', '/logout'));
  await json(await lane.quietly('POST', '/visit'));
};

const login = {
  id: 'login',
  longest: 900,  // milliseconds that the axis shows at least
  requests: [
    { id: 'poll', what: 'Poll' },
    { id: 'login', what: 'Log in as ann' },
    { id: 'me', what: 'Who am I?' },
  ],
  async run(lane) {
    await newSession(lane);
    await json(await lane.quietly('POST', '/demo/expire'));
    await wait(30);  // it had a millisecond to go
    lane.start();
    const poll = lane.send('poll', 'GET', '/info?wait=600');
    await wait(100);
    const ann = { user: 'ann', password: 'apples' };
    const confirmed = await json(await lane.send('login', 'POST', '/login?wait=200', ann));
    lane.say('login', `confirmed: ${whoInWords(confirmed)}`);
    lane.say('poll', whoInWords(await json(await poll)));
    const me = await json(await lane.send('me', 'GET', '/me'));
    lane.say('me', whoInWords(me));
    if (confirmed.user !== 'ann') return { good: false, words: 'The login was not confirmed' };
    if (me.user === null) return { good: false, words: 'Logged out, though the login was confirmed' };
    return { good: me.user === 'ann', words: `Still logged in as ${me.user}` };
  },
};

const captcha = {
  id: 'captcha',
  longest: 900,
  requests: [
    { id: 'poll', what: 'Poll' },
    { id: 'picture', what: 'Load the captcha' },
    { id: 'check', what: 'Send the right digits' },
  ],
  async run(lane) {
    await newSession(lane);
    lane.start();
    const poll = lane.send('poll', 'GET', '/info?wait=600');
    await wait(200);
    const picture = await lane.send('picture', 'GET', '/captcha');
    const digits = picture.headers.get('X-Demo-Captcha');
    if (!digits) throw new NotThere(`There is no replay at ${picture.url}.`);
    lane.say('picture', `it shows ${digits}`);
    await json(await poll);
    lane.say('poll', 'counted');
    const { right } = await json(await lane.send('check', 'POST', '/captcha/check', { answer: digits }));
    lane.say('check', `${digits}: ${right ? 'right' : 'wrong'}`);
    return right ? { good: true, words: 'Right answer accepted' } : { good: false, words: 'Right answer refused' };
  },
};

export const stories = [login, captcha];
