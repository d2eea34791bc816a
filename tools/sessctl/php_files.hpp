// PHP's session files: sess_<ID> in directories, locked by PHP while a request works on them.
#pragma once

#include "exit_codes.hpp"

#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace sessctl {

/// What a message calls a file: the beginning of its name, because the whole of it is somebody's cookie.
std::string php_label(const std::string& id);

/// A file that could be read; what is in it may be anything.
struct PhpFile {
  std::string id;  // PHP's own, of letters, digits, '-' and ',': a secret
  std::string content;
  std::chrono::system_clock::time_point modified;  // when PHP has written it, or a request has used it, last
};

/// A file that could not be read.
struct PhpRefusal {
  std::string label;
  std::string why;
  ExitCode code = ExitCode::io;
  std::string_view advice;
};

class PhpFiles {
 public:
  /// Directories, or files in directories. All are opened here, so that a root who becomes another user later can list
  /// them. Throws Failure.
  explicit PhpFiles(const std::vector<std::string>& paths);
  ~PhpFiles();
  PhpFiles(const PhpFiles&) = delete;
  PhpFiles& operator=(const PhpFiles&) = delete;

  /// Calls `visit` for each file whose name is of PHP's form, in no order, and `refuse` for one of these that cannot be
  /// read, or that PHP has locked just now. Other names in a directory are passed over, and so is a file that vanishes.
  /// Does not wait. Throws Failure where a directory cannot be listed.
  void visit(const std::function<void(const PhpFile&)>& visit,
             const std::function<void(const PhpRefusal&)>& refuse) const;

 private:
  struct Source;
  std::vector<std::unique_ptr<Source>> sources_;
};

}  // namespace sessctl
