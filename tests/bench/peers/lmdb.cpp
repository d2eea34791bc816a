#include "bench/payload.hpp"
#include "bench/peers/systems.hpp"

#include <lmdb.h>
#include <sys/stat.h>

#include <cstring>
#include <stdexcept>
#include <string>

namespace sess::bench {
namespace {

void require(int status) {
  if (status != MDB_SUCCESS) throw std::runtime_error(::mdb_strerror(status));
}

/// A transaction that is aborted unless it is committed.
class Transaction {
 public:
  Transaction(MDB_env* environment, unsigned flags) {
    require(::mdb_txn_begin(environment, nullptr, flags, &transaction_));
  }
  Transaction(const Transaction&) = delete;
  Transaction& operator=(const Transaction&) = delete;
  ~Transaction() {
    if (transaction_ != nullptr) ::mdb_txn_abort(transaction_);
  }
  void commit() {
    MDB_txn* const transaction = transaction_;
    transaction_ = nullptr;
    require(::mdb_txn_commit(transaction));
  }
  MDB_txn* get() const noexcept { return transaction_; }

 private:
  MDB_txn* transaction_ = nullptr;
};

class Lmdb : public Peer {
 public:
  Lmdb(const Place& place, unsigned flags) : empty_(encoded_values(place.payload_size)) {
    static_cast<void>(::mkdir(place.directory.c_str(), 0700));
    require(::mdb_env_create(&environment_));
    require(::mdb_env_set_mapsize(environment_, std::size_t{4} << 30));
    require(::mdb_env_open(environment_, place.directory.c_str(), flags, 0600));
    Transaction transaction(environment_, 0);
    require(::mdb_dbi_open(transaction.get(), nullptr, 0, &database_));
    transaction.commit();
  }
  Lmdb(const Lmdb&) = delete;
  Lmdb& operator=(const Lmdb&) = delete;
  ~Lmdb() override { ::mdb_env_close(environment_); }

  void run(Operation operation, int session) override {
    std::string id = id_of(session);
    switch (operation) {
      case Operation::read: {
        const Transaction transaction(environment_, MDB_RDONLY);
        return static_cast<void>(count_of(load(transaction, id)));
      }
      case Operation::create: {
        Transaction transaction(environment_, 0);
        store(transaction, id, empty_);
        return transaction.commit();
      }
      case Operation::update:
      case Operation::durable: {
        Transaction transaction(environment_, 0);
        auto values = load(transaction, id);
        count_up(values);
        store(transaction, id, values);
        return transaction.commit();
      }
      case Operation::destroy: {
        Transaction transaction(environment_, 0);
        MDB_val key = view_of(id);
        require(::mdb_del(transaction.get(), database_, &key, nullptr));
        return transaction.commit();
      }
      default:
        throw std::runtime_error("no such operation");
    }
  }

  long long sum(int first, int count) override {
    const Transaction transaction(environment_, MDB_RDONLY);
    long long sum = 0;
    for (int session = first; session < first + count; ++session) {
      std::string id = id_of(session);
      sum += count_of(load(transaction, id));
    }
    return sum;
  }

 private:
  static MDB_val view_of(std::string& id) { return {id.size(), id.data()}; }
  std::vector<std::byte> load(const Transaction& transaction, std::string& id) const {
    MDB_val key = view_of(id), found{};
    require(::mdb_get(transaction.get(), database_, &key, &found));
    std::vector<std::byte> values(found.mv_size);
    std::memcpy(values.data(), found.mv_data, values.size());
    return values;
  }
  void store(const Transaction& transaction, std::string& id, std::vector<std::byte>& values) const {
    MDB_val key = view_of(id), value{values.size(), values.data()};
    require(::mdb_put(transaction.get(), database_, &key, &value, 0));
  }

  std::vector<std::byte> empty_;
  MDB_env* environment_ = nullptr;
  MDB_dbi database_ = 0;
};

}  // namespace

System lmdb_nosync() {
  using enum Operation;
  return {"lmdb nosync", {create, read, update, destroy}, [](const Place& place) {
            return std::make_unique<Lmdb>(place, static_cast<unsigned>(MDB_NOSYNC));
          }};
}

System lmdb_sync() {
  using enum Operation;
  return {"lmdb sync",
          {create, durable},
          [](const Place& place) { return std::make_unique<Lmdb>(place, 0U); },
          nullptr,
          lmdb_nosync().open};
}

}  // namespace sess::bench
