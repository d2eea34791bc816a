#include "session_change.hpp"

#include "json_value.hpp"
#include "open_store.hpp"
#include "report.hpp"

namespace sessctl {

std::string outcome_line(const sess::SessionKey& key, const sess::Status& status) {
  return JsonLine().add("key", key.to_string()).add("outcome", to_string(status.outcome())).text();
}

SessionChange::SessionChange(CommandLine& line) : line_(line) {
  line.add_session_id();
  line.add_flag("--renew", renew_, "Renew the session's deadline as well");
  line.add_wait();
}

void SessionChange::find_session() {
  store_ = open_store(line_.store_path(), line_.store_options());
  session_ = line_.take_session(*store_);
}

sess::Status SessionChange::commit(std::string_view operation, const std::function<void(sess::Editor&)>& change) {
  const sess::Status status =
      store_->update(session_->ref(), change, {.durability = sess::Durability::durable, .renew = renew_});
  require(*store_, status, operation, session_->key);
  return status;
}

}  // namespace sessctl
