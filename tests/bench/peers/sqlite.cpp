#include "bench/payload.hpp"
#include "bench/peers/systems.hpp"

#include <sqlite3.h>
#include <sys/stat.h>

#include <cstring>
#include <ctime>
#include <stdexcept>
#include <string>

namespace sess::bench {
namespace {

/// One table, a write-ahead log, statements that are prepared once.
class Sqlite : public Peer {
 public:
  Sqlite(const Place& place, const char* synchronous) : empty_(encoded_values(place.payload_size)) {
    static_cast<void>(::mkdir(place.directory.c_str(), 0700));
    require(::sqlite3_open((place.directory + "/sessions.db").c_str(), &database_));
    require(::sqlite3_busy_timeout(database_, 60'000));
    execute("PRAGMA journal_mode=WAL");
    execute(std::string("PRAGMA synchronous=") + synchronous);
    execute("CREATE TABLE IF NOT EXISTS sessions(id TEXT PRIMARY KEY, expires INTEGER, data BLOB) WITHOUT ROWID");
    begin_ = prepared("BEGIN IMMEDIATE");
    commit_ = prepared("COMMIT");
    select_ = prepared("SELECT data FROM sessions WHERE id = ?1 AND expires > ?2");
    insert_ = prepared("INSERT INTO sessions VALUES(?1, ?2, ?3)");
    update_ = prepared("UPDATE sessions SET data = ?3, expires = ?2 WHERE id = ?1");
    touch_ = prepared("UPDATE sessions SET expires = ?2 WHERE id = ?1");
    delete_ = prepared("DELETE FROM sessions WHERE id = ?1");
  }
  Sqlite(const Sqlite&) = delete;
  Sqlite& operator=(const Sqlite&) = delete;
  ~Sqlite() override {
    for (sqlite3_stmt* statement : {begin_, commit_, select_, insert_, update_, touch_, delete_})
      ::sqlite3_finalize(statement);
    ::sqlite3_close(database_);
  }

  void run(Operation operation, int session) override {
    const std::string id = id_of(session);
    switch (operation) {
      case Operation::create:
        return write(insert_, id, &empty_);
      case Operation::read:
        return static_cast<void>(count_of(load(id)));
      case Operation::unchanged:
      case Operation::touch:
        if (operation == Operation::unchanged) static_cast<void>(count_of(load(id)));
        return write(touch_, id, nullptr);
      case Operation::update:
      case Operation::durable: {
        finish(begin_);
        auto values = load(id);
        count_up(values);
        write(update_, id, &values);
        return finish(commit_);
      }
      case Operation::destroy:
        return write(delete_, id, nullptr);
      default:
        throw std::runtime_error("no such operation");
    }
  }

  long long sum(int first, int count) override {
    long long sum = 0;
    for (int session = first; session < first + count; ++session) sum += count_of(load(id_of(session)));
    return sum;
  }

 private:
  void require(int status) const {
    if (status != SQLITE_OK && status != SQLITE_DONE && status != SQLITE_ROW)
      throw std::runtime_error(::sqlite3_errmsg(database_));
  }
  void execute(const std::string& statement) const {
    require(::sqlite3_exec(database_, statement.c_str(), nullptr, nullptr, nullptr));
  }
  sqlite3_stmt* prepared(const char* text) const {
    sqlite3_stmt* statement = nullptr;
    require(::sqlite3_prepare_v3(database_, text, -1, SQLITE_PREPARE_PERSISTENT, &statement, nullptr));
    return statement;
  }
  void finish(sqlite3_stmt* statement) const {
    const int status = ::sqlite3_step(statement);
    ::sqlite3_reset(statement);
    require(status);
  }
  static void bind_id(sqlite3_stmt* statement, const std::string& id) {
    ::sqlite3_bind_text(statement, 1, id.data(), static_cast<int>(id.size()), SQLITE_STATIC);
  }
  std::vector<std::byte> load(const std::string& id) const {
    bind_id(select_, id);
    ::sqlite3_bind_int64(select_, 2, std::time(nullptr));
    const int status = ::sqlite3_step(select_);
    if (status != SQLITE_ROW) {
      ::sqlite3_reset(select_);
      require(status);
      throw std::runtime_error("no such session");
    }
    std::vector<std::byte> values(static_cast<std::size_t>(::sqlite3_column_bytes(select_, 0)));
    std::memcpy(values.data(), ::sqlite3_column_blob(select_, 0), values.size());
    ::sqlite3_reset(select_);
    return values;
  }
  void write(sqlite3_stmt* statement, const std::string& id, const std::vector<std::byte>* values) const {
    bind_id(statement, id);
    if (statement != delete_) ::sqlite3_bind_int64(statement, 2, std::time(nullptr) + 3600);
    if (values != nullptr)
      ::sqlite3_bind_blob(statement, 3, values->data(), static_cast<int>(values->size()), SQLITE_STATIC);
    finish(statement);
    if (::sqlite3_changes(database_) != 1) throw std::runtime_error("no such session");
  }

  std::vector<std::byte> empty_;
  sqlite3* database_ = nullptr;
  sqlite3_stmt *begin_ = nullptr, *commit_ = nullptr, *select_ = nullptr, *insert_ = nullptr, *update_ = nullptr,
               *touch_ = nullptr, *delete_ = nullptr;
};

System sqlite(const char* name, const char* synchronous, std::vector<Operation> operations) {
  return {name, std::move(operations),
          [synchronous](const Place& place) { return std::make_unique<Sqlite>(place, synchronous); }};
}

}  // namespace

System sqlite_off() {
  using enum Operation;
  return sqlite("sqlite off", "OFF", {create, read, touch, unchanged, update, destroy, mix});
}

System sqlite_normal() {
  using enum Operation;
  return sqlite("sqlite normal", "NORMAL", {create, read, touch, unchanged, update, destroy, mix});
}

System sqlite_full() {
  System system = sqlite("sqlite full", "FULL", {Operation::create, Operation::durable});
  system.open_to_fill = sqlite_off().open;
  return system;
}

}  // namespace sess::bench
