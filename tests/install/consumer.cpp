// A program outside the tree: nothing in reach but what `make install` put there.
#include <sess/sess.hpp>

#include <cstdio>
#include <exception>

int main(int argc, char** argv) {
  if (argc != 2) return 2;
  try {
    sess::Store::init(argv[1]);
    const auto store = sess::Store::open(argv[1]);
    auto session = store.create();
    session.set("visits", 41);
    if (session.commit() != sess::Outcome::ok) return 1;
    const auto key = session.key();
    session.release();
    if (store.update(key, [](sess::Editor& editor) { editor.add("visits", 1); }) != sess::Outcome::ok) return 1;
    const auto snapshot = store.snapshot(key);
    if (!snapshot || snapshot->get<int>("visits") != 42) return 1;
    // A fault crosses the border of the library as the type that the header names.
    try {
      sess::Store::open("/nonexistent/store");
      return 1;
    } catch (const sess::Error& error) {
      std::puts(error.what());
    }
    return 0;
  } catch (const std::exception& error) {
    std::fprintf(stderr, "consumer: %s\n", error.what());
    return 1;
  }
}
