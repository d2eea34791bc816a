// One store's half of a story: sends the story's requests, and draws each as a bar from the moment it was sent to the
// moment its answer had come.

const element = (tag, className, text = '') =>
  Object.assign(document.createElement(tag), { className, textContent: text });

const stillness = matchMedia('(prefers-reduced-motion: reduce)');

class Row {
  constructor(request) {
    this.what = request.what;
    this.element = element('li', '');
    this.element.dataset.request = request.id;
    this.when = element('span', 'when');
    this.bar = element('span', 'bar');
    const track = element('span', 'track');
    track.ariaHidden = 'true';
    track.append(this.bar);
    this.answer = element('span', 'answer');
    this.element.append(element('span', 'what', request.what), this.when, track, this.answer);
    this.clear();
  }

  clear() {
    this.sent = null;
    this.came = null;
    this.when.textContent = 'not sent yet';
    this.answer.textContent = '';
    this.bar.hidden = true;
  }

  // `now`: milliseconds since the lane's start; `length`: of the axis.
  draw(now, length) {
    if (this.sent === null) return;
    const end = this.came ?? now;
    this.bar.hidden = false;
    this.bar.style.left = `${100 * this.sent / length}%`;
    this.bar.style.width = `${100 * (end - this.sent) / length}%`;
    this.element.className = this.came === null ? 'under-way' : 'answered';
    const text = this.came === null ? `sent at ${Math.round(this.sent)} ms` :
      `${Math.round(this.sent)} to ${Math.round(this.came)} ms`;
    if (this.when.textContent !== text) this.when.textContent = text;
  }
}

export class Lane {
  constructor(story, side) {
    this.story = story;
    this.side = side;
    this.rows = new Map(story.requests.map(request => [request.id, new Row(request)]));
    this.element = element('article', 'card lane');
    this.element.id = `${story.id}-${side.id}`;
    const head = element('header', '');
    head.append(element('h3', '', side.name), element('code', 'hint', `${side.prefix}/replay/`));
    const list = element('ol', 'requests');
    list.append(...[...this.rows.values()].map(row => row.element));
    this.axis = element('div', 'axis');
    this.axis.ariaHidden = 'true';
    const body = element('div', 'requests');
    body.append(list, this.axis);
    this.verdict = element('div', 'verdict');
    this.verdict.dataset.test = 'verdict';
    this.element.append(head, body, this.verdict);
    this.clearTally();
    this.clear();
  }

  clearTally() {
    this.runs = 0;
    this.faults = 0;
  }

  clear() {
    for (const row of this.rows.values()) row.clear();
    this.began = null;
    this.draw();
    this.showVerdict('', '…', 'Not run yet');
  }

  showVerdict(kind, icon, words) {
    this.verdict.className = `verdict ${kind}`;
    const sign = element('span', 'icon', icon);
    sign.ariaHidden = 'true';
    const text = element('p', '');
    text.append(element('strong', '', words));
    this.verdict.replaceChildren(sign, text);
  }

  showTally(times) {
    if (times > 1) this.verdict.lastChild.append(element('span', 'tally', `${this.faults} of ${this.runs} went wrong`));
  }

  // ---- for the stories ----

  /// Sends what belongs to the preparation, and is not drawn.
  quietly(method, path) {
    return fetch(`${this.side.prefix}/replay${path}`, { method });
  }

  /// The time axis begins.
  start() {
    this.began = performance.now();
    this.showVerdict('', '…', 'Running');
  }

  async send(id, method, path, fields) {
    const row = this.rows.get(id);
    row.sent = performance.now() - this.began;
    this.draw();
    const answer = await fetch(`${this.side.prefix}/replay${path}`, {
      method,
      body: fields && new URLSearchParams(fields),
      cache: 'no-store',
    });
    row.came = performance.now() - this.began;
    const cookies = answer.headers.get('X-Demo-Cookies');
    row.cookies = cookies ? cookies.split(', ') : [];
    this.draw();
    return answer;
  }

  say(id, words) {
    const row = this.rows.get(id);
    row.answer.replaceChildren(words, ...row.cookies.map(name => element('span', 'cookie', `sets cookie ${name}`)));
  }

  // ----

  async run() {
    let ended = false;
    const frame = () => {
      this.draw();
      if (!ended) requestAnimationFrame(frame);
    };
    if (!stillness.matches) requestAnimationFrame(frame);
    try {
      const { good, words } = await this.story.run(this);
      this.runs += 1;
      if (!good) this.faults += 1;
      this.showVerdict(good ? 'good' : 'bad', good ? '✓' : '✕', words);
    } catch (error) {
      this.showVerdict('', '?', 'Could not be replayed');
      throw error;
    } finally {
      ended = true;
      this.draw();
    }
  }

  draw() {
    const now = this.began === null ? 0 : performance.now() - this.began;
    const ends = [...this.rows.values()].filter(row => row.sent !== null).map(row => row.came ?? now);
    const step = 200;
    const length = step * Math.ceil(Math.max(this.story.longest, ...ends) / step);
    for (const row of this.rows.values()) row.draw(now, length);
    if (this.length === length) return;
    this.length = length;
    this.element.style.setProperty('--tick', `${100 * step / length}%`);
    const labels = [];
    for (let tick = 0; tick < length; tick += step)
      labels.push(element('span', '', tick === 0 ? '0 ms' : String(tick)));
    this.axis.replaceChildren(...labels);
  }
}
