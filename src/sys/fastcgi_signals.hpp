// The signals by which web servers end a FastCGI program (FastCGI 1.0, section 3.9, and what Apache sends): SIGTERM and
// SIGUSR1.
//
// Purpose: a signal may interrupt any thread, and all threads of the program are to know of it. A handler gets no
// context, so what it tells them by is the process's: beside HeldLocks the one such thing. Handlers are there while
// somebody listens, and only where the program has none of its own. In a forked child, which has its parent's handlers,
// they do what the signal would have done without them.
#pragma once

namespace sess::sys {

/// While one is there the signals end no process. May be made and used by several threads at once.
class FastcgiSignals {
 public:
  /// Throws IoError.
  FastcgiSignals();
  FastcgiSignals(const FastcgiSignals&) = delete;
  FastcgiSignals& operator=(const FastcgiSignals&) = delete;
  /// The last one puts the default actions back, where the handlers are still these.
  ~FastcgiSignals();

  /// A descriptor that is readable once a signal has come.
  int event() const noexcept;
  bool came() const noexcept;
  /// A signal ends what is going on now; unless this is called it is kept for those who listen next.
  void obey() noexcept;

 private:
  int owner_;  // the process: the copies in forked children do nothing
};

}  // namespace sess::sys
