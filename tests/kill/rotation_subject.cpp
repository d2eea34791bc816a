#include "rotation_subject.hpp"

#include "format/keyring.hpp"
#include "format/names.hpp"
#include "scene.hpp"

#include <sess/sess.hpp>

#include <boost/filesystem/fstream.hpp>
#include <boost/filesystem/operations.hpp>

#include <iterator>
#include <memory>
#include <stdexcept>

namespace sess::test {

namespace {

std::string text_of(const std::string& path) {
  boost::filesystem::ifstream file(path);
  return {std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
}

}  // namespace

RotationSubject::RotationSubject(const std::string& below) : directory_(below) {
  const Store store = Store::open(path_, {.create = true});
  Session session = store.create();
  session.set("n", 1);
  if (!session.commit()) throw std::runtime_error("a first commit fails");
  id_ = session.id()->reveal();
  keys_ = text_of(path_ + "/" + format::keys_file);
}

void RotationSubject::prepare() {
  boost::filesystem::remove(path_ + "/" + format::new_keys_file);
  boost::filesystem::ofstream(path_ + "/" + format::keys_file) << keys_;
}

std::function<void()> RotationSubject::ready() {
  const auto store = std::make_shared<Store>(Store::open(path_));
  return [store] { store->rotate_keys(); };
}

Finding RotationSubject::look(Look) {
  const auto keyring = format::Keyring::parse(text_of(path_ + "/" + format::keys_file));
  if (!keyring) return {false, "the keyring is damaged"};
  const bool took_effect = keyring->secrets() == 2;
  const Store store = Store::open(path_);
  const auto id = store.parse(id_);
  if (!id || !store.snapshot(*id)) return {took_effect, "an ID of the first secret is refused"};
  // By the one who comes next, over what the killed one has left.
  if (!took_effect && store.rotate_keys().number != 2) return {took_effect, "the next rotation fails"};
  if (!store.parse(id_)) return {took_effect, "an ID of the first secret is refused after the next rotation"};
  return {took_effect, {}};
}

}  // namespace sess::test
