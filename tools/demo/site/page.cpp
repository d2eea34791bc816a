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
<section>
  <h2>Who you are</h2>
  <p>Logged in as <output id="user">nobody</output>; polled <output id="polls">0</output> times in this session.</p>
  <form data-post="/login">
    <input name="user" placeholder="user" autocomplete="username" required>
    <input name="password" type="password" placeholder="password" autocomplete="current-password" required>
    <button>Log in</button>
  </form>
  <form data-post="/logout"><button>Log out</button></form>
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
  if ('right' in facts) byId('right').textContent = facts.right ? 'right' : 'wrong';
  byId('error').textContent = facts.error ?? '';
};
const ask = async (path, options) => {
  const response = await fetch(base + path, options);
  const json = (response.headers.get('Content-Type') || '').startsWith('application/json');
  show(json ? await response.json() : {error: await response.text()});
};
const newCaptcha = () => byId('captcha').src = `${base}/captcha?${Date.now()}`;
document.addEventListener('submit', async event => {
  event.preventDefault();
  const form = event.target;
  await ask(form.dataset.post, {method: 'POST', body: new URLSearchParams(new FormData(form))});
  if (form.dataset.post === '/captcha/check') newCaptcha();
  if (form.dataset.post.startsWith('/log')) await ask('/me');
  form.reset();
});
const poll = () => ask('/info').catch(() => show({error: 'the server does not answer'}));
newCaptcha();
poll();
setInterval(poll, 2000);
)";

}  // namespace

std::string page(const std::string& kept_by, const std::string& script) {
  return fmt::format(
      "{}<h1>A small site</h1>\n<p>Its sessions are kept by <strong>{}</strong>.</p>{}<script>\nconst base = "
      "'{}';{}</script>\n",
      head, sess::web::escape_html(kept_by), sections,
      // SCRIPT_NAME comes from the server's configuration; escaped all the same.
      sess::web::escape_html(script), script_text);
}

}  // namespace demo
