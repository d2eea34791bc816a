#include <fmt/format.h>

#include "demo/site/site.hpp"

namespace demo {

namespace {

constexpr std::string_view head = R"(<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>libsess demo</title>
<style>
  body { font: 17px/1.5 system-ui, sans-serif; max-width: 42rem; margin: 2rem auto; padding: 0 1rem; color: #222; }
  section { border: 1px solid #ccc; border-radius: 6px; padding: .6rem 1rem; margin: 1rem 0; }
  h2 { font-size: 1.05rem; margin: 0 0 .4rem; }
  input, button { font: inherit; padding: .15rem .5rem; }
  img { display: block; margin: .4rem 0; }
  output { font-weight: 600; }
  #error { color: #a00; min-height: 1.5em; }
</style>
)";

constexpr std::string_view sections = R"(
<p id="error" role="alert"></p>
<p id="notice" role="status"></p>
<section>
  <h2>Who you are</h2>
  <p>Logged in as <output id="user">nobody</output>; polled <output id="polls">0</output> times in this session.</p>
  <form data-post="/login">
    <input name="user" placeholder="user" autocomplete="username" required>
    <input name="password" type="password" placeholder="password" autocomplete="current-password" required>
    <button>Log in</button>
  </form>
  <form data-post="/logout"><button>Log out</button></form>
  <div id="account" hidden>
    <p>Your logins: <output id="logins">none</output></p>
    <form data-post="/logout-others"><button>Log out on all other devices</button></form>
    <form data-post="/logout-everywhere"><button>Log out on all devices</button></form>
  </div>
  <small>Users: ann with the password apples, bob with the password bananas.</small>
</section>
<section>
  <h2>Visits</h2>
  <form data-post="/visit"><output id="visits">0</output> <button>Count one more</button></form>
</section>
<section>
  <h2>Cart</h2>
  <p><output id="cart">empty</output></p>
  <form data-post="/cart/add"><input name="item" placeholder="item" maxlength="100" required> <button>Add</button></form>
</section>
<section>
  <h2>Captcha</h2>
  <img id="captcha" alt="five digits" width="230" height="90">
  <form data-post="/captcha/check">
    <input name="answer" placeholder="the digits" inputmode="numeric" required> <button>Check</button>
    <output id="right"></output>
  </form>
</section>
)";

constexpr std::string_view script_text = R"(
const byId = id => document.getElementById(id);
const show = facts => {
  if ('user' in facts) byId('user').textContent = facts.user ?? 'nobody';
  if ('polls' in facts) byId('polls').textContent = facts.polls;
  if ('visits' in facts) byId('visits').textContent = facts.visits;
  if ('cart' in facts) byId('cart').textContent =
    Object.entries(facts.cart).map(([item, count]) => `${count} × ${item}`).join(', ') || 'empty';
  if ('token' in facts) token = facts.token;
  if (facts.notices?.length) byId('notice').textContent = facts.notices.join(' ');
  if ('logins' in facts) byId('logins').textContent =
    facts.logins.map(({key, since}) => `${key} since ${since}`).join(', ') || 'none';
  if ('right' in facts) byId('right').textContent = facts.right ? 'right' : 'wrong';
  byId('error').textContent = facts.error ?? '';
};
const send = (path, options) => fetch(base + path, {...options, headers: {'X-CSRF-Token': token}});
const ask = async (path, options) => {
  let response = await send(path, options);
  if (response.status === 403 && token) {
    // Somebody has logged in or out in another tab meanwhile, and the token is another one.
    await ask('/me');
    response = await send(path, options);
  }
  const json = (response.headers.get('Content-Type') || '').startsWith('application/json');
  show(json ? await response.json() : {error: await response.text()});
};
const newCaptcha = () => byId('captcha').src = `${base}/captcha?${Date.now()}`;
document.addEventListener('submit', async event => {
  event.preventDefault();
  const form = event.target;
  await ask(form.dataset.post, {method: 'POST', body: new URLSearchParams(new FormData(form))});
  if (form.dataset.post === '/captcha/check') newCaptcha();
  if (form.dataset.post.startsWith('/log')) await refresh();
  form.reset();
});
const poll = () => ask('/info').catch(() => show({error: 'the server does not answer'}));
const refresh = async () => {
  await ask('/me');
  if (!token) return;
  await ask('/logins');
  byId('account').hidden = byId('logins').textContent === 'none';
};
newCaptcha();
refresh().catch(() => {});
poll();
setInterval(poll, 2000);
)";

}  // namespace

std::string page(const std::string& kept_by, const std::string& script, const std::string& csrf_token) {
  // SCRIPT_NAME comes from the server's configuration; escaped all the same.
  const std::string base = sess::web::escape_html(script);
  const std::string plain =
      csrf_token.empty() ? "" : fmt::format(" There is a <a href=\"{}/plain\">page without scripts</a>, too.", base);
  return fmt::format(
      "{}<h1>A small site</h1>\n<p>Its sessions are kept by <strong>{}</strong>.{}</p>{}"
      "<script>\nconst base = '{}';\nlet token = '{}';{}</script>\n",
      head, sess::web::escape_html(kept_by), plain, sections, base, csrf_token, script_text);
}

}  // namespace demo
