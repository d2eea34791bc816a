#include <fmt/format.h>

#include <sess/error.hpp>
#include <sess/web/runner.hpp>

#include <algorithm>
#include <charconv>
#include <exception>
#include <iostream>
#include <optional>
#include <utility>

namespace sess::web {

namespace {

// How often a client is sent to the same address again. A browser does it within milliseconds, and gives up after some
// twenty times.
constexpr int repetition_limit = 3;

void answer_plainly(Response& response, int code, std::string_view text) {
  response.clear();
  response.status(code);
  response.content_type("text/plain; charset=utf-8");
  response << text << '\n';
}

/// One line on standard error, which every server puts into a log. Control characters may have come from a client.
void report(const std::exception_ptr& error) {
  std::string line = "libsess: request failed: ";
  try {
    std::rethrow_exception(error);
  } catch (const std::exception& exception) {
    line += exception.what();
  } catch (...) {
    line += "unknown exception";
  }
  std::ranges::replace_if(
      line, [](unsigned char byte) { return byte < 0x20 || byte == 0x7f; }, '?');
  try {
    std::cerr << line + '\n' << std::flush;
  } catch (...) {
    // A program may have its stream throw; the client is to be answered all the same.
  }
}

/// RFC 9110, section 9.2.1.
bool is_safe(std::string_view method) {
  return method == "GET" || method == "HEAD" || method == "OPTIONS" || method == "TRACE";
}

/// The body's announced length; nothing if what stands there is no number.
std::optional<std::size_t> content_length(const Environment& environment) {
  const std::string text = environment("CONTENT_LENGTH").value_or("");
  if (text.empty()) return 0;
  std::size_t length = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), length);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return length;
}

/// Exactly `size` bytes, as RFC 3875, section 4.2, asks; nothing if there are fewer.
std::optional<std::string> read_exactly(const BodyReader& read_body, std::size_t size) {
  std::string body(size, '\0');
  std::size_t done = 0;
  while (done < size) {
    const std::size_t count = read_body(body.data() + done, size - done);
    if (count == 0) return std::nullopt;
    done += count;
  }
  return body;
}

}  // namespace

Runner::Runner(Store store, Handler handler, RunOptions options)
    : store_(std::move(store)),
      handler_(std::move(handler)),
      options_(std::move(options)),
      cookies_(std::make_shared<const SessionCookies>(options_.cookies)) {
  if (!handler_) throw UsageError("run: the handler is empty");
  if (options_.optimistic_runs < 1) throw UsageError("run: optimistic_runs is below 1");
}

Status Runner::handle(const HttpRequest& request, Response& response) const {
  const Access access = options_.access ? options_.access(request) : Access();
  if (!access.mode) {
    Request without_session(request);
    handler_(without_session, response);
    return {};
  }
  const std::string& parameter = cookies_->address_parameter();
  RequestSession session(store_, cookies_, request.header("Cookie").value_or(""),
                         parameter.empty() ? std::string() : request.query(parameter).value_or(""));
  Request with_session(request, session);
  Status status = Outcome::conflict;
  // Under the lock there is no conflict, so this ends.
  for (int run = 1; status == Outcome::conflict; ++run) {
    response.clear();
    const bool lock = *access.mode == Mode::merge && run > options_.optimistic_runs;
    status = session.start(lock ? Mode::locked : *access.mode);
    if (!status.ok()) break;
    session.renew(access.renew);
    if (options_.check_csrf_token && !is_safe(request.method()) && !with_session.check_csrf_token()) {
      answer_plainly(response, 403, "This form has expired, or was not sent by this site. Please load the page again.");
      return {};
    }
    handler_(with_session, response);
    if (session.needs_cookies()) {
      answer_plainly(response, 403, "To log in, please allow cookies, and load the page again.");
      return {};
    }
    Finished finished = session.finish();
    status = finished.status;
    if (!status.took_effect()) continue;
    if (!finished.others.took_effect())
      answer_plainly(response, 503, "Not all of your other sessions could be ended. Please try again.");
    response.transform([&](std::string& text) { session.complete(text); });
    for (const auto& [name, value] : finished.headers) response.header(name, value);
    for (const std::string& line : finished.set_cookie) response.add_cookie(line);
    if (!session.superseded() && request.cookie(cookies_->repetition_name()))
      response.add_cookie(cookies_->remove_repetition());
    return status;
  }
  if (status == Outcome::superseded && session.from_address()) {
    // No cookie is on its way.
    answer_plainly(response, 409, "This session has ended. Please load the first page again.");
  } else if (status == Outcome::superseded) {
    answer_superseded(request, response);
  } else if (status == Outcome::limit_reached) {
    answer_plainly(response, 403, "You are logged in elsewhere as often as is allowed. Please log out there first.");
  } else if (status == Outcome::busy) {
    answer_plainly(response, 503, "This session is in use by another request. Please try again.");
    response.header("Retry-After", fmt::format("{}", options_.retry_after.count()));
  } else {
    answer_plainly(response, 409, "This session has ended while the request was under way.");
  }
  return status;
}

/// The client is to come again with the cookie of the new ID, which another answer brings it just now.
void Runner::answer_superseded(const HttpRequest& request, Response& response) const {
  const std::string sent = request.cookie(cookies_->repetition_name()).value_or("0");
  int count = repetition_limit;
  std::from_chars(sent.data(), sent.data() + sent.size(), count);
  if (count < 0 || count >= repetition_limit) {
    answer_plainly(response, 409, "This session has a new ID. Please load the page again.");
    response.add_cookie(cookies_->remove_repetition());
    return;
  }
  answer_plainly(response, 307, "This session has a new ID. The request is to be sent again.");
  response.header("Location", request.address());
  response.add_cookie(cookies_->set_repetition(count + 1));
}

std::string Runner::run(const Environment& environment, const BodyReader& read_body) const {
  Response response;
  Status status;
  std::optional<HttpRequest> request;
  try {
    const std::optional<std::size_t> length = content_length(environment);
    std::optional<std::string> body;
    std::exception_ptr unreadable;
    try {
      if (length && *length <= options_.body_limit) body = read_exactly(read_body, *length);
    } catch (...) {
      unreadable = std::current_exception();
    }
    const bool complete = body.has_value();
    request.emplace(environment, complete ? *std::move(body) : std::string());
    // Only now that there is a request: its method and its address say what the answer must be like.
    if (unreadable) std::rethrow_exception(unreadable);
    if (length && *length > options_.body_limit) {
      answer_plainly(response, 413, "The request is too large.");
    } else if (!complete) {
      answer_plainly(response, 400, "The request is incomplete.");
    } else {
      status = handle(*request, response);
    }
  } catch (...) {
    options_.on_error ? options_.on_error(std::current_exception()) : report(std::current_exception());
    answer_plainly(response, 500, "The server could not answer this request.");
  }
  if (!request) return response.render();
  // Whatever the answer is: its address has an ID that the browser is to tell this site alone.
  if (const std::string& parameter = cookies_->address_parameter();
      !parameter.empty() && request->query(parameter).has_value()) {
    response.header("Referrer-Policy", "same-origin");
    response.header("Cache-Control", "no-store");
  }
  if (options_.on_response) options_.on_response(*request, response, status);
  return response.render(request->method() != "HEAD");
}

}  // namespace sess::web
