// A store with one thing wrong of each kind, for the tests of verify and repair.
#pragma once

#include "contract/fake_store.hpp"
#include "format/names.hpp"

#include <sess/sess.hpp>

#include <doctest/doctest.h>

#include <algorithm>
#include <cstddef>
#include <string>
#include <vector>

namespace sess::test {

inline std::vector<Finding> findings_of(const Store& store, unsigned jobs = 1) {
  std::vector<Finding> findings;
  static_cast<void>(verify(store, {.jobs = jobs}, [&](const Finding& finding) { findings.push_back(finding); }));
  return findings;
}

struct DamagedStore : FakeStore {
  using FakeStore::FakeStore;

  SessionKey make() const { return make_session(store, {{"a", 1}}).key(); }
  /// Of two versions, so that there is a spare.
  SessionKey make_with_spare() const {
    const SessionKey key = make();
    static_cast<void>(store.update(key, [](Editor& editor) { editor.set("a", 2); }));
    return key;
  }
  SessionKey log_in(const char* principal) const {
    return make_session(store, {{"a", 1}}, {.kind = SessionKind::authenticated, .principal = principal}).key();
  }
  void flip(const std::string& file) const {
    auto content = system->content(file);
    content.back() ^= std::byte{1};
    system->set_content(file, content);
  }
  /// The only file below the index that is no spare.
  std::string list() const {
    for (const std::string& file : files_in("principals"))
      if (!file.ends_with('~')) return file;
    return {};
  }
  /// A file's name as findings have it.
  static std::string relative(const std::string& file) { return file.substr(in_store("").size() + 1); }
};

/// The only finding there is.
inline Finding finding_of(const Store& store) {
  const std::vector<Finding> findings = findings_of(store);
  REQUIRE(findings.size() == 1);
  CHECK_FALSE(findings.front().what.empty());
  return findings.front();
}

}  // namespace sess::test
