/*
 * The protocol, section by section of PROTOCOL.md: what several operations have in common.
 *
 * Every `call` is one system call, or several in a row between which no other process can tell a difference, and a
 * place where the process may be killed. The kernel then does what it does for every process that ends.
 */

#define call(...) call_when(true, __VA_ARGS__)

/*
 * A call that waits for its condition. The condition comes first because an `else` in that place would count the kill
 * as an alternative; the `skip` comes last because an atomic sequence that ends in a d_step runs on into the next one.
 */
#if KILLS > 0
#define call_when(condition, ...) \
  if \
  :: atomic { kills > 0 -> kills--; printf("%d: KILLED\n", me); goto exit } \
  :: atomic { condition -> __VA_ARGS__; skip } \
  fi
#else
#define call_when(condition, ...) atomic { condition -> __VA_ARGS__; skip }
#endif

/* A call that may answer an error, without effect; the operation then goes on at `failure`. */
#if FAULTS > 0
#define fallible(failure, ...) \
  if \
  :: atomic { faults > 0 -> faults--; printf("%d: ERROR of the next call\n", me); goto failure } \
  :: call(__VA_ARGS__) \
  fi
#else
#define fallible(failure, ...) call(__VA_ARGS__)
#endif

/*
 * The first call of an operation. Operations of one kind are alike, so they may as well start in the order of their
 * numbers: that leaves out states which differ from others in the numbers only.
 */
#define first_call(kind, ...) atomic { turn[kind] == me -> turn[kind]++; __VA_ARGS__; skip }

/*
 * "Lock": open, flock, and look at the name again. Goes on at `absent` when there is no K.
 *
 * Waiting is trying again and again; between two tries the waiter looks whether K is still this file.
 */
inline lock_session(kind) {
  first_call(kind, open_file(K, file));
  do
  :: file == NONE -> goto absent
  :: else ->
     if
     :: call_when(is_free(file), lock(file));
#if defined(NO_INODE_CHECK)
        good = true;
#elif defined(LINK_COUNT_CHECK)
        call(good = (inode[file].links > 0));
#else
        call(look(K, file, good));
#endif
        if
        :: good -> break
        :: else ->
           probe(LOCKED_THE_PAST);
           call(close_file(file))
        fi
     :: d_step { name[K] != file -> close_file(file) }
     fi;
     call(open_file(K, file))
  od
}

/* What is in the locked file, and the largest generation that it names. Sets good, loaded, highest, deadline. */
inline load() {
  d_step {
    good = verifies(file);
    loaded = (good -> inode[file].first : 0);
    highest = generation_of(inode[file].first);
    raise_to(highest, stamped_digits(inode[file].mtime));
    deadline = header_deadline(loaded);
    raise_to(deadline, stamped_deadline(inode[file].mtime));
    printf("%d: read inode %d: verifies %d, generation %d, count %d\n", me, file, good, generation_of(loaded),
           count_of(loaded))
  }
}

/* "Recovery": the version of the spare, read without its lock, under a new generation; or nothing. */
inline load_spare() {
  d_step {
    if
    :: name[SPARE] != NONE && verifies(name[SPARE]) ->
       loaded = inode[name[SPARE]].first;
       promise(failure_is_final, loaded != refused);
#ifdef RECOVERY_KEEPS_GENERATION
       highest = generation_of(loaded);
#else
       raise_to(highest, generation_of(loaded));
       raise_to(highest, stamped_digits(inode[name[SPARE]].mtime));
       highest++;
#endif
       promise(model_is_large_enough, highest < GENERATION_LIMIT);
       raise_to(deadline, header_deadline(loaded));
       raise_to(deadline, stamped_deadline(inode[name[SPARE]].mtime));
       loaded = version(highest, count_of(loaded), me, deadline);
       printf("%d: read the spare: count %d, to become generation %d\n", me, count_of(loaded), highest)
    :: else
    fi
  }
}

/* "Recovery", where there is nothing to recover: K~ and then K go to quarantine. */
inline quarantine() {
  call(only_holder(); unlink(SPARE); check_spare());
  call(only_holder(); unlink(K); check_spare());
  probe(QUARANTINED);
  goto absent
}

/* "Recovery": that version is written into K itself. */
inline recover() {
  call(load_spare());
  if
  :: loaded == 0 -> quarantine()
  :: else
  fi;
#ifndef SPARE_NOT_MARKED
  fallible(exit, only_holder(); set_times(name[SPARE], deadline, highest));
#endif
  call(only_holder(); earlier = inode[file].peak; begin_write(file));
  fallible(not_restored, only_holder(); write_first(file, loaded));
  fallible(not_restored, only_holder(); write_second(file, loaded);
           if
           :: count_of(loaded) > count_of(committed) -> probe(RECOVERED_UNFINISHED)
           :: else
           fi;
           recovery_takes_effect(file, earlier));
  fallible(not_restored, only_holder(); set_times(file, deadline, highest));
  probe(RECOVERED);
  goto restored;

  /* Readable, perhaps, and perhaps not on disk: it must not be taken for good while the spare still is. */
not_restored:
  call(only_holder(); empty_file(file));
  goto exit;

restored:
  skip
}

/*
 * The version of the locked session. One that verifies, but whose times do not name its generation, is what a recovery
 * leaves that was cut short at the last moment: it is written once more (the same bytes), and its times are set.
 */
inline load_or_recover() {
  call(load());
  if
  :: !good -> recover()
  :: good && stamped_digits(inode[file].mtime) != generation_of(loaded) ->
     probe(SETTLED);
     call(only_holder(); begin_write(file));
     fallible(exit, only_holder(); set_times(file, deadline, generation_of(loaded)))
  :: else
  fi
}

/* For those who remove the session: what is in it, if need be in its spare; nothing is written. */
inline load_only() {
  call(load());
  if
  :: !good ->
     call(load_spare());
     if
     :: loaded == 0 -> quarantine()
     :: else
     fi
  :: else
  fi
}

/*
 * "Commit": a temp file, locked. A sweep may lock it before its maker does; then it is left to the sweep, and another
 * one is made under another name.
 */
inline make_temp() {
  good = false;
  do
  :: good -> break
  :: else ->
     call(temp = first_temp(me);
          do
          :: name[temp] != NONE -> temp++
          :: else -> break
          od;
          promise(model_is_large_enough, temp < first_temp(me) + TEMPS_EACH);
          create_file(temp, next));
#ifdef LOCK_AFTER_RENAME
     good = true
#else
     call(try_lock(next, good));
#ifdef TEMP_LOCK_IGNORED
     good = true;
#endif
     if
     :: !good ->
        probe(TEMP_TAKEN);
        call(close_file(next))
     :: else
     fi
#endif
  od
}

/*
 * "Commit": the spare, locked, because a waiter may sit on that file, which was K's a moment ago. Where it is absent,
 * busy or linked twice, a temp file; where there is no space for one, the spare is waited for.
 */
inline prepare() {
  do
  :: call(open_file(SPARE, next);
          on_spare = (next != NONE && inode[next].links == 1);
          if
          :: next != NONE && inode[next].links > 1 -> probe(SPARE_LINKED_TWICE)
          :: else
          fi);
#if !defined(NO_SPARE_LOCK) && !defined(LOCK_AFTER_RENAME)
     if
     :: on_spare ->
        call(try_lock(next, on_spare);
             if
             :: !on_spare -> probe(SPARE_BUSY)
             :: else
             fi)
     :: else
     fi;
#endif
     if
     :: on_spare -> break
     :: else -> call(close_other(next, file))
     fi;
#ifdef NO_SPACE
     call(if
          :: name[SPARE] == NONE -> goto exit /* nothing to wait for */
          :: else
          fi)
#else
     make_temp();
     break
#endif
  od
}

/* "The generation rule". A spare that is not ours is read without its lock. Sets generation, record, earlier. */
inline next_version() {
  d_step {
    generation = highest;
#ifndef NO_GENERATION_RULE
    if
    :: name[SPARE] != NONE ->
       raise_to(generation, generation_of(inode[name[SPARE]].first));
       raise_to(generation, stamped_digits(inode[name[SPARE]].mtime));
       if
       :: generation > highest -> probe(UNFINISHED_COMMIT)
       :: else
       fi
    :: else
    fi;
#endif
    generation++;
    promise(model_is_large_enough, generation < GENERATION_LIMIT);
    is_about_to_write(generation);
    record = version(generation, count_of(loaded) + 1, me, RENEWED);
    earlier = inode[next].peak
  }
}

/* The name of the file that is to become K. */
#define prepared (on_spare -> SPARE : temp)

/* Else the renaming call answers ENOENT: a sweep has removed the temp file between its creation and its lock. */
inline must_be_there() {
  if
  :: name[prepared] == NONE ->
     promise(one_committer, !on_spare); /* K~ is there for who holds the lock */
     goto lost
  :: else
  fi
}

/* "Commit", for the holder of the lock on `file`: one version more. */
inline commit_session() {
  skip;
again:
  skip;
  prepare();
  call(next_version());
  call(begin_write(next));
  fallible(give_up_unwritten, write_first(next, record); has_written(generation));
  fallible(give_up_incomplete, write_second(next, record));
#ifndef TIMES_AFTER_EXCHANGE
  fallible(give_up_complete, set_times(next, RENEWED, generation));
#endif
  if
  :: !on_spare ->
#ifdef SCRUB_BEFORE_UNLINK
     if
     :: name[SPARE] != NONE && inode[name[SPARE]].links == 1 -> fallible(give_up_complete, empty_file(name[SPARE]))
     :: else
     fi;
#endif
#ifndef SPARE_KEPT
     fallible(give_up_complete, only_holder(); unlink(SPARE));
#endif
     skip
  :: else
  fi;
  if
  :: renames ->
     fallible(give_up_complete, must_be_there(); only_holder(); rename_over(prepared, K); commit_takes_effect(next, earlier))
  :: !renames && on_spare ->
     fallible(give_up_complete, only_holder(); exchange(SPARE, K); commit_takes_effect(next, earlier))
  :: !renames && !on_spare ->
     fallible(not_linked, only_holder();
              if
              :: name[SPARE] == NONE -> link(K, SPARE)
              :: else
              fi);
not_linked:
     fallible(give_up_complete, must_be_there(); only_holder(); rename_over(temp, K); check_spare();
              commit_takes_effect(next, earlier))
  fi;
  goto hand_over;

lost:
  skip;
  probe(TEMP_LOST);
  call(close_file(next));
  goto again;

#if FAULTS > 0
  /* "A commit that fails" unlinks the spare once everything is written, or removes its temp file. */
give_up_complete:
  if
  :: on_spare ->
#if defined(FAILED_SPARE_KEPT)
     skip
#elif defined(FAILED_SPARE_EMPTIED)
     call(empty_file(next))
#else
     call(unlink(SPARE))
#endif
  :: else -> call(unlink(temp))
  fi;
  goto given_up;

  /* Before that it makes sure that the spare does not verify; it stays as it is if nothing is written. */
give_up_incomplete:
  if
#ifdef FAILED_SPARE_EMPTIED
  :: on_spare -> call(empty_file(next))
#else
  :: on_spare -> call(cut_file(next))
#endif
  :: else -> call(unlink(temp))
  fi;
  goto given_up;

give_up_unwritten:
  if
#ifdef FAILED_SPARE_EMPTIED
  :: on_spare -> call(empty_file(next))
#else
  :: on_spare
#endif
  :: else -> call(unlink(temp))
  fi;

  /* The program may try again. */
given_up:
  call(close_file(next));
  refused = record;
  if
  :: true ->
     probe(TRIED_AGAIN);
     refused = 0; /* the same change once more: its end is open again */
     goto again
  :: goto exit
  fi;
#endif

  /* The lock is the one on the new file. */
hand_over:
  skip;
#ifdef TIMES_AFTER_EXCHANGE
  call(set_times(next, RENEWED, generation));
#endif
#ifdef LOCK_AFTER_RENAME
  call_when(is_free(next), lock(next));
#endif
#ifdef SCRUB
  call(empty_file(file));
#endif
  call(close_file(file);
       file = next;
       next = NONE;
       loaded = record;
       highest = generation);
  skip
}
