#include "demo/replay/timeline.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <nlohmann/json.hpp>
#include <stdexcept>

namespace demo {

Counts& Counts::operator+=(const Counts& other) noexcept {
  replays += other.replays;
  requests += other.requests;
  lost_updates += other.lost_updates;
  wrong_logouts += other.wrong_logouts;
  wrong_captchas += other.wrong_captchas;
  resurrections += other.resurrections;
  wrong_data += other.wrong_data;
  errors += other.errors;
  return *this;
}

std::string Target::channel() const { return fmt::format("{}", fmt::join(prefixes, "+")); }

Lane::Lane(const Address& address, GateKeeper& gate, const Target& target)
    : gate_(gate),
      target_(target),
      clients_{std::make_unique<HttpClient>(address), std::make_unique<HttpClient>(address)} {}

Reply Lane::send(Counts& counts, HttpClient& client, const Question& question) {
  ++counts.requests;
  return client.ask(question);
}

Reply Lane::ask(Counts& counts, const std::string& path, Jar& jar, bool post, const std::string& form) {
  Reply reply = send(counts, *clients_[0],
                     {.path = target_.prefixes.front() + path, .cookies = jar.header(), .post = post, .form = form});
  if (!reply.ok()) ++counts.errors;
  for (const std::string& line : reply.set_cookie) jar.apply(line);
  return reply;
}

Reply Lane::prepare(Counts& counts, const std::string& path, Jar& jar, const std::string& form) {
  Reply reply = send(counts, *clients_[1],
                     {.path = target_.preparation + path, .cookies = jar.header(), .post = true, .form = form});
  if (!reply.ok()) ++counts.errors;
  for (const std::string& line : reply.set_cookie) jar.apply(line);
  return reply;
}

std::array<Reply, 2> Lane::race(Counts& counts, std::array<Question, 2> questions, const Interleaving& order,
                                Jar& jar) {
  std::array<std::string, 2> labels;
  for (std::size_t who = 0; who < 2; ++who) {
    labels[who] = gate_.new_label();
    questions[who].path = target_.prefixes[who % target_.prefixes.size()] + questions[who].path;
    // Both were sent before either answer came: that is what makes them concurrent for the browser.
    questions[who].cookies = jar.header();
    questions[who].gate_label = labels[who];
  }
  std::array<std::future<Reply>, 2> answers;
  try {
    for (const std::size_t who : order.steps) {
      if (!answers[who].valid()) {
        answers[who] = std::async(std::launch::async, [&client = *clients_[who], &question = questions[who]] {
          return client.ask(question);
        });
        gate_.await(labels[who], "load");
      } else {
        gate_.advance(labels[who], "send");
      }
    }
  } catch (...) {
    for (const std::string& label : labels) gate_.leave(label);
    throw;
  }
  std::array<Reply, 2> replies;
  for (const std::size_t who : {order.first_answer, 1 - order.first_answer}) {
    gate_.leave(labels[who]);
    replies[who] = answers[who].get();
    ++counts.requests;
    for (const std::string& line : replies[who].set_cookie) jar.apply(line);
  }
  return replies;
}

std::string Interleaving::words(const std::array<std::string, 2>& names) const {
  std::string text;
  std::array<bool, 2> loaded{};
  for (const std::size_t who : steps) {
    text += fmt::format("{}{} {}", text.empty() ? "" : ", ", names[who], loaded[who] ? "saves" : "loads");
    loaded[who] = true;
  }
  return text;
}

std::vector<Interleaving> interleavings(bool with_answers) {
  std::vector<Interleaving> all;
  for (std::size_t first = 0; first < 4; ++first) {
    for (std::size_t second = first + 1; second < 4; ++second) {
      Interleaving order{{1, 1, 1, 1}, 0};
      order.steps[first] = 0;
      order.steps[second] = 0;
      all.push_back(order);
      order.first_answer = 1;
      if (with_answers) all.push_back(order);
    }
  }
  return all;
}

void Timeline::prepare(Lane& /*lane*/, const std::vector<std::size_t>& /*cases*/, Counts& /*counts*/) {}

std::string member(const Reply& reply, const std::string& name) {
  const nlohmann::json json = nlohmann::json::parse(reply.body, nullptr, false);
  if (!json.is_object() || !json.contains(name)) return "";
  return json[name].is_string() ? json[name].get<std::string>() : json[name].dump();
}

}  // namespace demo
